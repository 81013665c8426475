/* mechanisms.c: THE table: every mechanism a mail server may name, those that can be run and the
 * dead ones, strongest first.
 *
 * The order is the order of choice. What was prepared on purpose (a certificate, a ticket, a token)
 * comes before the password: then none need be typed or sent. Passwords follow by what they give
 * away.
 *
 * An explanation is one paragraph a line: the steps, what travels, what an eavesdropper learns,
 * what a false server learns, and what to make of it. */
#include "sasl/mech.h"

#define SCRAM_STEPS                                                                                \
    "Steps: the client sends its name and a random nonce; the server answers with a longer "       \
    "nonce, the user's salt and a count "                                                          \
    "of iterations; the client stretches the password with them (PBKDF2) and sends a proof over "  \
    "the whole exchange; the server "                                                              \
    "sends its own proof, and only then is the client done.\n"
#define SCRAM_TRAVELS                                                                              \
    "What travels: the user name in the clear, nonces, salt, and two proofs. Never the password, " \
    "nor anything that logs in a "                                                                 \
    "second time.\n"                                                                               \
    "An eavesdropper can try passwords against the recorded proof, one PBKDF2 each: slow, but a "  \
    "weak password falls.\n"
#define SCRAM_FALSE_SERVER                                                                         \
    "A false server gets the same to guess against, and may pick a small count to make that "      \
    "cheap: outside TLS Postern takes "                                                            \
    "no count below 4096. It cannot give the final proof: Postern then stops and says so.\n"
#define SCRAM_PLUS_FALSE_SERVER                                                                    \
    "A false server, or one in the middle that passes everything on, ends in nothing even with a " \
    "certificate your machine "                                                                    \
    "trusts: the proof covers this very TLS connection (tls-exporter, tls-unique or "              \
    "tls-server-end-point), and theirs is "                                                        \
    "another.\n"
#define SCRAM_VERDICT_TEXT                                                                         \
    "The server keeps no password, only a verifier; who steals that can pose as the server, and "  \
    "can guess, but not log in.\n"
#define DOWNGRADE_TEXT                                                                             \
    "When the connection could be bound but no -PLUS is offered, the client says so (\"y\"); a "   \
    "server that did offer it then "                                                               \
    "knows that someone took it from the list, and refuses.\n"

#define SCRAM_ROW(mechanism, order, rfc_text)                                                      \
    {                                                                                              \
        .name = mechanism, .strength = SASL_STRENGTH_GOOD, .rank = order, .client_first = true,    \
        .proves_server = true, .needs_password = true, .needs_user = true, .supported = true,      \
        .rfc = rfc_text, .run = &sasl_run_scram,                                                   \
        .verdict = "Good: the password never travels, and the server proves itself too.",          \
        .explanation =                                                                             \
            SCRAM_STEPS SCRAM_TRAVELS SCRAM_FALSE_SERVER DOWNGRADE_TEXT SCRAM_VERDICT_TEXT         \
    }
#define SCRAM_PLUS_ROW(mechanism, order, rfc_text)                                                 \
    {                                                                                              \
        .name = mechanism, .strength = SASL_STRENGTH_BEST, .rank = order, .client_first = true,    \
        .proves_server = true, .needs_binding = true, .needs_password = true, .needs_user = true,  \
        .supported = true, .rfc = rfc_text, .run = &sasl_run_scram,                                \
        .verdict = "The best with a password: bound to the TLS connection, nothing to relay.",     \
        .explanation = SCRAM_STEPS SCRAM_TRAVELS SCRAM_PLUS_FALSE_SERVER SCRAM_VERDICT_TEXT        \
    }
#define DEAD_ROW(mechanism, rfc_text, verdict_text, explanation_text)                              \
    {                                                                                              \
        .name = mechanism, .strength = SASL_STRENGTH_DEAD, .rfc = rfc_text,                        \
        .verdict = verdict_text, .explanation = explanation_text                                   \
    }

const SaslMechanism sasl_mechanisms[] = {
    {
        .name = "EXTERNAL",
        .strength = SASL_STRENGTH_BEST,
        .rank = 100,
        .client_first = true,
        .proves_server = false, /* TLS has done that */
        .needs_certificate = true,
        .supported = true,
        .rfc = "RFC 4422",
        .run = &sasl_run_external,
        .verdict = "The best where you have a client certificate: no secret is sent at all.",
        .explanation = "Steps: the client says nothing but whom it wants to act as, or nothing at "
                       "all. The server takes the identity "
                       "from outside: as a rule from the client certificate of the TLS handshake.\n"
                       "What travels: at most a name.\n"
                       "An eavesdropper learns nothing; below TLS 1.3 he sees the certificate, and "
                       "so your name.\n"
                       "A false server learns nothing it could use elsewhere: the certificate's "
                       "key signs this handshake only.\n"
                       "To use it: --client-cert and --client-key. Over a unix socket some servers "
                       "take the peer's user instead.\n",
    },
    {
        .name = "GSSAPI",
        .strength = SASL_STRENGTH_BEST,
        .rank = 96,
        .client_first = true,
        .proves_server = true,
        .needs_ticket = true,
        .supported = true,
        .rfc = "RFC 4752",
        .run = &sasl_run_gssapi,
        .verdict = "Very good where there is Kerberos: no password here, and the server proves "
                   "itself too.",
        .explanation = "Steps: the client gets a ticket for SERVICE@HOST from the KDC and sends "
                       "it; the server opens it with its key and "
                       "proves that; then both agree on a security layer (none: TLS is there) and "
                       "on whom to act as.\n"
                       "What travels: a ticket only that service can open, and messages sealed by "
                       "a session key.\n"
                       "An eavesdropper learns the realm and the service's name.\n"
                       "A false server cannot open the ticket, and cannot prove that it did: "
                       "Postern then stops.\n"
                       "To use it: kinit first (klist shows what you hold). The ticket is for the "
                       "server's real name: an alias, an "
                       "address, or a tunnel's localhost will not do.\n",
    },
    {
        .name = "GS2-KRB5",
        .strength = SASL_STRENGTH_BEST,
        .rank = 95,
        .client_first = true,
        .proves_server = true,
        .needs_ticket = true,
        .supported = true,
        .rfc = "RFC 5801",
        .run = &sasl_run_gssapi,
        .verdict = "Very good, and rare: Kerberos in a newer wrapping.",
        .explanation = "Steps: the same Kerberos tokens as GSSAPI, one round trip fewer, as no "
                       "security layer is negotiated.\n"
                       "What travels: a ticket only that service can open.\n"
                       "An eavesdropper learns the realm and the service's name.\n"
                       "A false server cannot open the ticket.\n"
                       "To use it: kinit first. Hardly a mail server offers it.\n",
    },
    {
        .name = "OAUTHBEARER",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 91,
        .client_first = true,
        .cleartext = true,
        .needs_token = true,
        .supported = true,
        .rfc = "RFC 7628",
        .run = &sasl_run_oauthbearer,
        .verdict = "As good as the TLS around it: the token is sent as it is, but it expires.",
        .explanation = "Steps: the client sends the user name, host, port and an access token. "
                       "That is all, unless the server refuses: "
                       "then it sends a JSON object that says why, the client answers with a "
                       "single ^A, and the refusal follows.\n"
                       "What travels: the token itself, in base64, which hides nothing.\n"
                       "An eavesdropper has the token: until it expires he reads the mail. Inside "
                       "TLS only, therefore.\n"
                       "A false server has it too; host and port inside the message tell an honest "
                       "one that it was meant for another.\n"
                       "To use it: --token-command, a program that prints a fresh access token.\n",
    },
    {
        .name = "XOAUTH2",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 90,
        .client_first = true,
        .cleartext = true,
        .needs_token = true,
        .needs_user = true,
        .supported = true,
        .rfc = "Google's, no RFC",
        .run = &sasl_run_xoauth2,
        .verdict = "What OAUTHBEARER was before it was standardised; Gmail and Outlook want it.",
        .explanation = "Steps: the client sends user=NAME^Aauth=Bearer TOKEN^A^A. If the server "
                       "refuses it sends a JSON object with a "
                       "status, the client answers with an empty line, and the refusal follows.\n"
                       "What travels: the token itself, in base64, which hides nothing.\n"
                       "An eavesdropper has the token: until it expires he reads the mail. Inside "
                       "TLS only, therefore.\n"
                       "A false server has it too.\n"
                       "To use it: --user and --token-command. A status of 400 mostly means that "
                       "the token has expired.\n",
    },
    SCRAM_PLUS_ROW("SCRAM-SHA-512-PLUS", 82, "RFC 5802"),
    SCRAM_PLUS_ROW("SCRAM-SHA-256-PLUS", 81, "RFC 7677"),
    SCRAM_PLUS_ROW("SCRAM-SHA-1-PLUS", 80, "RFC 5802"),
    SCRAM_ROW("SCRAM-SHA-512", 72, "RFC 5802"),
    SCRAM_ROW("SCRAM-SHA-256", 71, "RFC 7677"),
    SCRAM_ROW("SCRAM-SHA-1", 70, "RFC 5802"),
    {
        .name = "DIGEST-MD5",
        .strength = SASL_STRENGTH_WEAK,
        .rank = 50,
        .proves_server = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 2831",
        .run = &sasl_run_digest_md5,
        .verdict = "Historic (RFC 6331): better than CRAM-MD5, for it proves the server; SCRAM "
                   "replaced it.",
        .explanation =
            "Steps: the server sends its realm and a nonce; the client answers with name, realm, a "
            "nonce of its own and an MD5 "
            "over all that and the password; the server sends an MD5 of its own (rspauth), which "
            "Postern checks.\n"
            "What travels: name, realm, nonces and hashes; never the password.\n"
            "An eavesdropper can try passwords against the hash, hundreds of millions a second.\n"
            "A false server gets the same to guess against; it cannot give the right rspauth.\n"
            "The server must keep MD5(user:realm:password), which is as good as the password to "
            "who steals it. Names outside "
            "ASCII are hashed in ISO 8859-1 where they fit, which not every server does.\n",
    },
    {
        .name = "CRAM-MD5",
        .strength = SASL_STRENGTH_WEAK,
        .rank = 45,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 2195",
        .run = &sasl_run_cram_md5,
        .verdict = "Old: hides the password, but can be guessed against quickly, and the server "
                   "proves nothing.",
        .explanation = "Steps: the server sends a challenge that never repeats "
                       "(\"<1896.697170952@postoffice.example>\"); the client "
                       "answers with its name and HMAC-MD5 over it, keyed by the password.\n"
                       "What travels: the name and 32 hex digits.\n"
                       "An eavesdropper can try passwords against them, hundreds of millions a "
                       "second; he cannot log in with them.\n"
                       "A false server can choose the challenge, so it may have a table ready; and "
                       "it can take any answer for right: "
                       "nothing proves the server but TLS.\n"
                       "The server must keep the password, or what is as good as it.\n",
    },
    {
        .name = "NTLM",
        .strength = SASL_STRENGTH_WEAK,
        .rank = 40,
        .client_first = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "MS-NLMP",
        .run = &sasl_run_ntlm,
        .verdict = "Windows' old one (version 2 is spoken here): guessable, and can be relayed to "
                   "other machines.",
        .explanation =
            "Steps: the client says what it can; the server sends 8 bytes of challenge and what it "
            "is called; the client answers "
            "with its name, domain and HMAC-MD5 over challenge, time and the server's names, keyed "
            "by the password's MD4.\n"
            "What travels: names and hashes. The server tells anyone who asks its machine's, "
            "domain's and forest's names.\n"
            "An eavesdropper can try passwords against the hash, thousands of millions a second.\n"
            "A false server can pass the exchange on to another machine and be you there: nothing "
            "ties it to this one.\n"
            "DOMAIN\\user or --realm gives the domain. Postern never sends the version 1 answers, "
            "whose DES key is the bare "
            "password hash.\n",
    },
    {
        .name = "APOP",
        .strength = SASL_STRENGTH_WEAK,
        .rank = 35,
        .own_way = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 1939",
        .verdict = "POP3's own: hides the password, but MD5 and a chosen challenge give it away "
                   "bit by bit.",
        .explanation =
            "Steps: the greeting of the POP3 server carries a challenge "
            "(\"<1896.697170952@dbc.mtview.ca.us>\"); the client "
            "sends APOP, its name, and MD5 over challenge and password, in hex.\n"
            "What travels: the name and 32 hex digits.\n"
            "An eavesdropper can try passwords against them, hundreds of millions a second.\n"
            "A false server can choose challenges so that MD5's collisions uncover the password's "
            "first characters, login by "
            "login (CVE-2007-1558). Postern takes only challenges that look like a message-id.\n"
            "The server must keep the password itself. -ERR after APOP: a wrong password, or an "
            "account without APOP.\n",
    },
    {
        .name = "PLAIN",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 30,
        .client_first = true,
        .cleartext = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 4616",
        .run = &sasl_run_plain,
        .verdict = "As good as the TLS around it; without TLS, a password on a postcard.",
        .explanation = "Steps: one message: whom to act as (mostly empty), a NUL, the user name, a "
                       "NUL, the password.\n"
                       "What travels: all of it, in base64, which hides nothing.\n"
                       "An eavesdropper has the password.\n"
                       "A false server has it too: only the certificate stands between. Postern "
                       "sends it inside verified TLS only, unless "
                       "--allow-cleartext-auth.\n"
                       "The server can keep the password in any hashed form, which is why everyone "
                       "offers it.\n",
    },
    {
        .name = "LOGIN",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 29,
        .cleartext = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "an expired draft",
        .run = &sasl_run_login,
        .verdict = "PLAIN in two steps, never standardised; for servers that know nothing else.",
        .explanation =
            "Steps: the server prompts (\"VXNlcm5hbWU6\" is \"Username:\"), the client sends the "
            "user name; the server prompts "
            "again (\"UGFzc3dvcmQ6\"), the client sends the password. The prompts' wording "
            "differs; the order does not.\n"
            "What travels: both, in base64, which hides nothing.\n"
            "An eavesdropper has the password.\n"
            "A false server has it too. Inside verified TLS only, unless --allow-cleartext-auth.\n",
    },
    {
        .name = "LOGIN command",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 28,
        .own_way = true,
        .cleartext = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 3501",
        .verdict = "IMAP's own: name and password in one command, in the clear.",
        .explanation = "Steps: the client sends LOGIN, the name and the password; as literals "
                       "where they are not plain ASCII.\n"
                       "What travels: both, not even in base64.\n"
                       "An eavesdropper has the password.\n"
                       "A false server has it too. A server that says LOGINDISABLED forbids it "
                       "before TLS; a client that obeys has "
                       "nevertheless sent nothing.\n",
    },
    {
        .name = "USER/PASS",
        .strength = SASL_STRENGTH_CLEARTEXT,
        .rank = 27,
        .own_way = true,
        .cleartext = true,
        .needs_password = true,
        .needs_user = true,
        .supported = true,
        .rfc = "RFC 1939",
        .verdict = "POP3's own: the password in the clear; every POP3 server knows it.",
        .explanation =
            "Steps: the client sends USER and the name, then PASS and the password (FTP has the "
            "same two).\n"
            "What travels: both, not even in base64.\n"
            "An eavesdropper has the password.\n"
            "A false server has it too. Inside verified TLS only, unless --allow-cleartext-auth.\n",
    },
    {
        .name = "ANONYMOUS",
        .strength = SASL_STRENGTH_WEAK,
        .rank = 1,
        .client_first = true,
        .supported = true,
        .rfc = "RFC 4505",
        .run = &sasl_run_anonymous,
        .verdict =
            "No login at all: for public folders. Taken only when asked for (--auth=ANONYMOUS).",
        .explanation = "Steps: the client sends a trace for the server's log: a mail address, a "
                       "word, or nothing.\n"
                       "What travels: the trace.\n"
                       "An eavesdropper learns the trace.\n"
                       "A false server learns the trace.\n",
    },

    /* What follows is named by servers, and explained, but never chosen. */
    DEAD_ROW("KERBEROS_V4", "RFC 1731",
             "Dead: Kerberos 4 stands on single DES and was shut down in 2006; GSSAPI replaced it.",
             "Steps: the server sends 4 random bytes, the client a Kerberos 4 ticket and them "
             "back, encrypted by DES.\n"
             "An eavesdropper breaks DES in hours. MIT removed Kerberos 4 in 2009. A server that "
             "offers it has not been looked "
             "at for long.\n"),
    DEAD_ROW("SKEY", "RFC 2222",
             "Dead: one-time passwords by MD4, replaced by OTP, which died too.",
             "Steps: the server names a seed and a counter; the client answers with six short "
             "words from a list.\n"
             "What travels works once only, but a weak pass phrase can be guessed from it, and a "
             "false server can ask for a "
             "lower counter and use the answer. Nothing in use speaks it.\n"),
    DEAD_ROW("OTP", "RFC 2444",
             "Dead: one-time passwords from a printed list; two-factor logins replaced them.",
             "Steps: the server names an algorithm, a seed and a counter (\"otp-md5 487 dog2\"); "
             "the client sends the hash that "
             "comes next in the chain.\n"
             "What travels works once only; a false server can pass it on while it is fresh. No "
             "mail server Postern meets "
             "needs it.\n"),
    DEAD_ROW("SECURID", "RFC 2808",
             "Dead in mail: the number on an RSA SecurID token; no client speaks it now.",
             "Steps: the client sends the name and the code its token shows; the server may want "
             "the next code too, or a PIN.\n"
             "What travels can be used within the minute by who hears it.\n"),
    DEAD_ROW("MSN", "no RFC",
             "Dead: a pass for Microsoft's long-closed MSN service; never published.",
             "Exchange servers of about 2000 named it beside NTLM. It was for MSN Messenger's "
             "infrastructure, and no other "
             "client could speak it.\n"),
    DEAD_ROW(
        "GSS-SPNEGO", "RFC 4178",
        "Not spoken here: Microsoft's negotiation between Kerberos and NTLM; take GSSAPI instead.",
        "Steps: the client lists what it can (Kerberos, NTLM), the server picks, and that "
        "mechanism's tokens follow.\n"
        "What it negotiates is offered by itself as well: GSSAPI, and NTLM at worst. A man in the "
        "middle may push the "
        "choice down to NTLM.\n"),
    DEAD_ROW("SPNEGO", "RFC 4178",
             "Not spoken here: RFC 5801 forbids SPNEGO inside SASL; take GSSAPI instead.",
             "Negotiation inside a negotiation: the list of SASL mechanisms is one already.\n"),
    DEAD_ROW("SCRAM-SHA-224", "RFC 5802",
             "Not spoken here: hardly anyone offers it without SCRAM-SHA-256 beside it.",
             "As SCRAM-SHA-256, with a shorter hash.\n"),
    DEAD_ROW("SCRAM-SHA-384", "RFC 5802",
             "Not spoken here: hardly anyone offers it without SCRAM-SHA-256 or -512 beside it.",
             "As SCRAM-SHA-256, with a longer hash.\n"),
    DEAD_ROW("SCRAM-SHA3-512", "a draft", "Not spoken here: still a draft.",
             "As SCRAM-SHA-512, with SHA-3 instead of SHA-2.\n"),
    DEAD_ROW("SCRAM-MD5", "a draft", "Dead: an early draft of what became SCRAM-SHA-1.",
             "Never standardised; the hash is broken besides.\n"),
    DEAD_ROW("CRAM-SHA1", "no RFC",
             "Dead: CRAM-MD5 with another hash; never standardised. SCRAM is what came of it.",
             "As CRAM-MD5: name and HMAC over the server's challenge, quickly guessed against.\n"),
    DEAD_ROW("CRAM-SHA256", "no RFC",
             "Dead: CRAM-MD5 with another hash; never standardised. SCRAM is what came of it.",
             "As CRAM-MD5: name and HMAC over the server's challenge, quickly guessed against.\n"),
    DEAD_ROW("SRP", "a draft",
             "Dead: a fine idea (Secure Remote Password) whose draft expired in 2003.",
             "A password-authenticated key exchange: nothing to guess against. Cyrus SASL can; "
             "mail clients never could.\n"),
    DEAD_ROW("PASSDSS-3DES-1", "a draft", "Dead: a draft with DSS keys and triple DES.",
             "The password travelled encrypted by a key agreed on under the server's DSS key. TLS "
             "does that for all.\n"),
    DEAD_ROW("9798-U-DSA-SHA1", "RFC 3163",
             "Dead: certificates inside SASL (ISO 9798-3); EXTERNAL with TLS replaced it.",
             "The client signed a challenge with its DSA key. Four relatives have names that begin "
             "with 9798 too.\n"),
    DEAD_ROW("XOAUTH", "Google's, no RFC",
             "Dead: OAuth 1.0 signatures, shut down by Google in 2015; XOAUTH2 replaced it.",
             "The client sent a signed request of OAuth 1.0 instead of a token.\n"),
    DEAD_ROW("PLAIN-CLIENTTOKEN", "Google's, no RFC",
             "Not for others: Google's own clients, with an app token beside the password.",
             "As PLAIN with a token of the device added. Undocumented; use XOAUTH2, OAUTHBEARER or "
             "an app password.\n"),
    DEAD_ROW("X-GOOGLE-TOKEN", "Google's, no RFC",
             "Dead: what Google Talk's clients used before OAuth.",
             "A login token of Google's client login service, which was closed in 2015.\n"),
    DEAD_ROW(
        "XYMCOOKIE", "Yahoo's, no RFC", "Not for others: Yahoo's own web clients, with a cookie.",
        "Undocumented: a login cookie of Yahoo's. Use OAUTHBEARER, XOAUTH2 or an app password.\n"),
    DEAD_ROW("ATOKEN", "Apple's, no RFC",
             "Not for others: Apple's own clients on iCloud, with a device token.",
             "Undocumented. Use an app-specific password with PLAIN or LOGIN.\n"),
    DEAD_ROW("WETOKEN", "Apple's, no RFC",
             "Not for others: Apple's own clients on iCloud, with a device token.",
             "Undocumented. Use an app-specific password with PLAIN or LOGIN.\n"),
    DEAD_ROW("X-APPLE-TOKEN", "Apple's, no RFC", "Not for others: Apple's own clients.",
             "Undocumented. Use an app-specific password with PLAIN or LOGIN.\n"),
    DEAD_ROW(
        "SAML20", "RFC 6595",
        "Not spoken here: it needs a browser in the middle of the login; no mail server offers it.",
        "The server sends the client to an identity provider's web page, and waits until that has "
        "spoken.\n"),
    DEAD_ROW("OPENID20", "RFC 6616", "Dead: OpenID 2.0 in a browser; OAuth replaced it.",
             "The server sends the client to an OpenID provider's web page, and waits until that "
             "has spoken.\n"),
    DEAD_ROW("ECDSA-NIST256P-CHALLENGE", "no RFC",
             "Not spoken here: IRC's (Atheme's) login with a key; EXTERNAL does the same.",
             "The server sends a challenge, the client signs it with its P-256 key.\n"),
    DEAD_ROW("NMAS_LOGIN", "Novell's, no RFC",
             "Dead: Novell's modular authentication for eDirectory.",
             "Undocumented. NMAS_AUTHEN and NMAS-SAMBA-AUTH are relatives.\n"),
    {0},
};

const SaslMechanism *sasl_mechanism_find(Bytes name)
{
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        if (bytes_equal_ci(name, m->name)) {
            return m;
        }
    }
    return NULL;
}
