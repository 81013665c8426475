/* https.h: one document fetched over HTTPS, for MTA-STS policies (RFC 8461) and the like, or a form
 * posted (OAuth). The only file pair that knows libcurl.
 *
 * libcurl speaks HTTP and TLS, nothing else: the connection is made by dial(), so that names are
 * resolved by our DNS and --connect-to and --via hold here too; every wait is io_wait's. HTTPS
 * only, the server's certificate always verified, TLS 1.2 at least, no redirect followed, no
 * cookies, no proxy of the environment. libcurl is loaded by the first request, not before. */
#pragma once

#include "base/bytes.h"
#include "base/secret.h"
#include "io/dial.h"

typedef struct {
    const DialPlan *dial;          /* host, port and unix_path are the URL's instead; borrowed */
    const char *ca_file, *ca_path; /* NULL both: the system's trust store */
    size_t max_bytes;              /* largest body; 0: 64 kB */
} HttpsPlan;

typedef struct {
    int status;         /* 200 */
    char *content_type; /* "text/plain", lower case, without parameters; or NULL */
    char *location;     /* where a redirect points, raw; or NULL */
    GByteArray *body;
} HttpsAnswer;

/* Wipes the body. */
void https_answer_free(HttpsAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpsAnswer, https_answer_free)

/* GET. Any status is an answer. Fails with USAGE (no https URL), those of dial(), INSECURE (the
 * certificate), LIMIT (body or headers above their cap), TIMEOUT, EOF, PROTOCOL, CANCELLED, CONFIG
 * (no libcurl). The answer is the caller's. Suspends. */
HttpsAnswer *https_get(const HttpsPlan *plan, const char *url, Deadline deadline, GError **error);

/* POST of application/x-www-form-urlencoded; JSON is what we would like as an answer. The form is
 * not copied. As https_get() else. Suspends. */
HttpsAnswer *https_post_form(const HttpsPlan *plan, const char *url, const Secret *form,
                             Deadline deadline, GError **error);
