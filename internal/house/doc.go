// Package house holds no code, only the tests of how the tree is built: which
// package may import which, what the public packages export, and that our decoding
// does not depend on the version of a library.
package house
