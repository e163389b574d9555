// Package pagetest opens the page of --html in a browser and holds what it draws against
// the analysis. Its tests skip where there is no Chromium.
package pagetest
