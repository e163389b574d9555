package check

// Catalogue is every check, in the order in which findings of one severity are
// printed.
var Catalogue = []*Check{}
