// Package stock sends what OpenFaaS's own clients send, byte for byte, and reads the answers as strictly as they do.
//
// The facts were read from the public sources of faas-cli (proxy/, commands/, schema/), go-sdk and faas-provider (types/,
// logs/); the code is our own. What is sent has changed over the years, so a Client has an Age:
//
//	                 Age2018: 0.6 to 0.8         Age2021: 0.9 to 0.14        Age2025: 0.16 and later
//	User-Agent       Go's                        Go's                        faas-cli/VERSION
//	without login    no Authorization            Bearer, with no token       Bearer, with no token
//	deploy           no Content-Type; every      application/json; empty     as Age2021
//	                 field, null where unset,    fields left out, but
//	                 network too                 labels null where unset
//	list             no query                    ?namespace=                 ?namespace=
//	describe         no query                    ?namespace=                 ?namespace=&usage=1
//	remove           name in the body            ?namespace=                 namespace in the body
//	secrets          name and value              with namespace              with namespace
//	logs             -                           no namespace                &namespace=
//	invoke           NAME or NAME.NS, the query  as Age2018                  always NAME.NS, the query encoded,
//	                 as typed                                                User-Agent with system and processor
//
// All ages try PUT first and POST when that is answered with 404; `deploy --replace` sends DELETE and then POST. All take
// 200 and 202 for success, the later ones 201 too. `login` is a GET of the functions; `ready` asks /healthz, or describes
// the function until it has an available replica; `version` and `list` decode what they print, and fail without it.
//
// SDK is go-sdk: like Age2025, without Content-Type and User-Agent, `follow=1` in place of `follow=true`, and with POST
// and PUT as calls of their own, of which the first releases took nothing but 202.
//
// What every call sends is kept in testdata/.
package stock
