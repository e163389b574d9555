// Package report renders a record.Report: text for people, JSON and NDJSON for
// scripts. There is one file for each renderer and they share one signature,
// Renderer. Nothing here judges TCP; it prints what the record says.
package report
