#include "proto/smtp_offers.h"

#include <string.h>

enum { NUMBER_MAX = 1000 * 1000 };

/* "RCPTMAX=20 MAILMAX=5": a limit that is no number, or 0, is none (RFC 9422 3). */
static uint64_t limit(const char *args, const char *name)
{
    Bytes rest = bytes_of(args);
    while (rest.len) {
        Bytes word = bytes_word(&rest);
        gssize equals = bytes_index(word, '=');
        uint64_t value;
        if (equals > 0 && bytes_equal_ci(bytes_sub(word, 0, (size_t)equals), name) &&
            bytes_number(bytes_sub(word, (size_t)equals + 1, word.len), NUMBER_MAX, &value)) {
            return value;
        }
    }
    return 0;
}

SmtpOffers smtp_offers(const Caps *caps)
{
    SmtpOffers offers = {0};
    if (!caps) {
        return offers;
    }
    offers = (SmtpOffers){
        .pipelining = caps_has(caps, "PIPELINING"),
        .chunking = caps_has(caps, "CHUNKING"),
        .eight_bit = caps_has(caps, "8BITMIME"),
        .smtputf8 = caps_has(caps, "SMTPUTF8"),
        .dsn = caps_has(caps, "DSN"),
        .require_tls = caps_has(caps, "REQUIRETLS"),
        .auth = caps_has(caps, "AUTH"),
        .enhanced_codes = caps_has(caps, "ENHANCEDSTATUSCODES"),
        .size = caps_has(caps, "SIZE"),
        .mail_max = limit(caps_args(caps, "LIMITS"), "MAILMAX"),
        .rcpt_max = limit(caps_args(caps, "LIMITS"), "RCPTMAX"),
        .rcpt_domain_max = limit(caps_args(caps, "LIMITS"), "RCPTDOMAINMAX"),
    };
    if (!bytes_number(bytes_trim(bytes_of(caps_args(caps, "SIZE"))), UINT64_MAX,
                      &offers.size_max)) {
        offers.size_max = 0;
    }
    return offers;
}
