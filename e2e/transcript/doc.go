// Package transcript runs what a document shows to be typed, and holds what is printed against what the document
// shows.
//
// A document is Markdown. Its fenced blocks of the language `console` are what a terminal showed:
//
//	```console
//	$ curl -s -d hello http://127.0.0.1:8080/function/echoit
//	hello
//	```
//
// A line that begins with "$ " is a command, continued by the next line when it ends in a backslash. What follows, up to
// the next command, is what it prints, errors included. "…" in a line stands for any text, and a line that is "…" for
// any lines. All blocks of a document are typed into one shell, so that variables and directories stay. A comment right
// above a block says how it is run:
//
//	<!-- transcript: wait 30s -->    the commands are repeated until they print this, for so long at most
//	<!-- transcript: stays 60s -->   the only command runs beside all that follows, in a terminal of its own, which
//	                                 shows this after so long at most; Ctrl-C ends it after the last block
//	<!-- transcript: like -->        numbers may be others with as many digits before the point, spaces may be more or
//	                                 fewer; may follow one of the above after a comma
//	<!-- transcript: skip WHY -->    nothing is run
//
// It stands beside both flows: the documents of the project are held to what it does.
package transcript
