// Package report renders a record.Report: text for people, JSON and NDJSON for
// scripts, logs and test results for other programs. [Formats] is the table of the
// forms of a whole report; what else there is writes a part of one as text. Nothing
// here judges TCP; it prints what the record says.
package report
