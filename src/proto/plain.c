/* plain.c: the rows for peers to whom Postern says nothing by itself: what travels is what a person
 * types. */
#include "proto/protos.h"

const Proto proto_https = {.name = "https", .title = "HTTPS", .rfc = "RFC 9112"};
const Proto proto_tls = {.name = "tls", .title = "TLS", .rfc = "RFC 8446"};
const Proto proto_tcp = {.name = "tcp", .title = "TCP", .rfc = "RFC 9293"};
