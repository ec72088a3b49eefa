// Package archtest keeps the shape of the project by a test: who may import whom, how long a file and a
// function may get, and a few habits that reviews would otherwise have to repeat.
//
// It stands beside both flows and in neither. The rules are the tables in rules.go; a rule that makes a
// piece of code worse is changed there, with its reason.
package archtest
