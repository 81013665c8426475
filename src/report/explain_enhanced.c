/* explain_enhanced.c: enhanced status codes (RFC 3463 and the registry of RFC 5248) in our words.
 */
#include <stdlib.h>

#include "report/explain_tables.h"

typedef struct {
    int subject, detail;
    const char *phrase, *rfc;
} EnhancedMeaning;

static const EnhancedMeaning details[] = {
    {0, 0, "nothing more is told", "RFC 3463 3.1"},
    {1, 0, "something about the address", "RFC 3463 3.2"},
    {1, 1, "no such mailbox", "RFC 3463 3.2"},
    {1, 2, "no such host or domain", "RFC 3463 3.2"},
    {1, 3, "the recipient's address is malformed", "RFC 3463 3.2"},
    {1, 4, "the address fits more than one mailbox", "RFC 3463 3.2"},
    {1, 5, "the recipient's address is valid", "RFC 3463 3.2"},
    {1, 6, "the mailbox has moved", "RFC 3463 3.2"},
    {1, 7, "the sender's address is malformed", "RFC 3463 3.2"},
    {1, 8, "the sender's domain is wrong: it does not exist or takes no mail", "RFC 3463 3.2"},
    {1, 9, "relayed to a host that does not send delivery reports", "RFC 3886"},
    {1, 10, "the recipient's domain says that it takes no mail (null MX)", "RFC 7505"},
    {2, 0, "something about the mailbox", "RFC 3463 3.3"},
    {2, 1, "the mailbox is disabled", "RFC 3463 3.3"},
    {2, 2, "the mailbox is full", "RFC 3463 3.3"},
    {2, 3, "the message is larger than this mailbox takes", "RFC 3463 3.3"},
    {2, 4, "a mailing list could not be expanded", "RFC 3463 3.3"},
    {3, 0, "something about the mail system", "RFC 3463 3.4"},
    {3, 1, "the mail system is full", "RFC 3463 3.4"},
    {3, 2, "the host takes no messages now", "RFC 3463 3.4"},
    {3, 3, "the host is not able to do what the message needs", "RFC 3463 3.4"},
    {3, 4, "the message is too large for this system", "RFC 3463 3.4"},
    {3, 5, "the system is set up wrongly", "RFC 3463 3.4"},
    {3, 6, "the priority that was asked for has been changed", "RFC 6710"},
    {4, 0, "something about the network or routing", "RFC 3463 3.5"},
    {4, 1, "the next host does not answer", "RFC 3463 3.5"},
    {4, 2, "the connection was bad", "RFC 3463 3.5"},
    {4, 3, "the directory (DNS or the like) failed", "RFC 3463 3.5"},
    {4, 4, "no route to the host", "RFC 3463 3.5"},
    {4, 5, "too much mail just now", "RFC 3463 3.5"},
    {4, 6, "mail goes in a circle", "RFC 3463 3.5"},
    {4, 7, "the time for delivery is over", "RFC 3463 3.5"},
    {5, 0, "something about the protocol", "RFC 3463 3.6"},
    {5, 1, "command invalid or out of order", "RFC 3463 3.6"},
    {5, 2, "syntax error", "RFC 3463 3.6"},
    {5, 3, "too many recipients", "RFC 3463 3.6"},
    {5, 4, "invalid arguments", "RFC 3463 3.6"},
    {5, 5, "wrong version of the protocol", "RFC 3463 3.6"},
    {5, 6, "the line of the authentication exchange is too long", "RFC 4954 6"},
    {6, 0, "something about the contents", "RFC 3463 3.7"},
    {6, 1, "this media is not supported", "RFC 3463 3.7"},
    {6, 2, "the message would have to be converted, which is forbidden", "RFC 3463 3.7"},
    {6, 3, "the message would have to be converted, which is not supported", "RFC 3463 3.7"},
    {6, 4, "converted, and something was lost", "RFC 3463 3.7"},
    {6, 5, "conversion failed", "RFC 3463 3.7"},
    {6, 6, "the contents (of a BURL) cannot be fetched", "RFC 4468"},
    {6, 7, "addresses beyond ASCII are not allowed for this sender or recipient", "RFC 6531"},
    {6, 8, "the answer needs UTF-8, which the client did not allow", "RFC 6531"},
    {6, 9, "a message with UTF-8 headers cannot go to one of the recipients", "RFC 6531"},
    {6, 10, "the answer needs UTF-8, which the client did not allow (old number)", "RFC 6531"},
    {7, 0, "something about security or policy", "RFC 3463 3.8"},
    {7, 1, "not allowed: the sender may not send there", "RFC 3463 3.8"},
    {7, 2, "the sender may not write to this list", "RFC 3463 3.8"},
    {7, 3, "a security conversion would be needed and cannot be done", "RFC 3463 3.8"},
    {7, 4, "a security feature is not supported", "RFC 3463 3.8"},
    {7, 5, "cryptography failed", "RFC 3463 3.8"},
    {7, 6, "a cryptographic algorithm is not supported", "RFC 3463 3.8"},
    {7, 7, "the message has been changed on the way", "RFC 3463 3.8"},
    {7, 8, "wrong user name or password", "RFC 4954 6"},
    {7, 9, "the mechanism is too weak for this account", "RFC 4954 6"},
    {7, 10, "encryption is needed", "RFC 5248"},
    {7, 11, "this mechanism only inside TLS", "RFC 4954 6"},
    {7, 12, "a password transition is needed: log in once with PLAIN inside TLS", "RFC 4954 6"},
    {7, 13, "the account is disabled", "RFC 5248"},
    {7, 14, "a trust relationship is required", "RFC 5248"},
    {7, 15, "the priority is too low", "RFC 6710"},
    {7, 16, "too large for this priority", "RFC 6710"},
    {7, 17, "the mailbox has another owner since", "RFC 7293"},
    {7, 18, "the domain has another owner since", "RFC 7293"},
    {7, 19, "the owner's continuity cannot be tested", "RFC 7293"},
    {7, 20, "no DKIM signature that passes", "RFC 7372 3.1"},
    {7, 21, "no acceptable DKIM signature", "RFC 7372 3.1"},
    {7, 22, "no valid DKIM signature of the author's domain", "RFC 7372 3.1"},
    {7, 23, "SPF failed: this host may not send for that domain", "RFC 7372 3.2"},
    {7, 24, "SPF could not be evaluated", "RFC 7372 3.2"},
    {7, 25, "the sending host's reverse DNS is missing or wrong", "RFC 7372 3.3"},
    {7, 26, "several authentication checks failed (SPF, DKIM)", "RFC 7372 3.4"},
    {7, 27, "the sender's domain takes no mail (null MX), so could never be answered", "RFC 7505"},
    {7, 28, "too much mail from this sender or host", "IANA registry"},
    {7, 29, "the ARC chain does not hold", "RFC 8617"},
    {7, 30, "the next server cannot do REQUIRETLS", "RFC 8689"},
};

static const char *const subjects[] = {
    "other",
    "address",
    "mailbox",
    "mail system",
    "network and routing",
    "protocol",
    "contents",
    "security or policy",
};

static const char *class_word(int class)
{
    return class == 2 ? "success" : class == 4 ? "temporary" : class == 5 ? "permanent" : NULL;
}

static const EnhancedMeaning *find(int subject, int detail)
{
    for (size_t i = 0; i < G_N_ELEMENTS(details); i++) {
        if (details[i].subject == subject && details[i].detail == detail) {
            return &details[i];
        }
    }
    return NULL;
}

/* X.1.0 and the like speak of trouble; in a success they only name the subject. */
static char *phrase_of(const EnhancedMeaning *meaning, int class, int subject)
{
    if (meaning == NULL) {
        return g_strdup_printf("%s, not in the registry", subjects[subject]);
    }
    if (class == 2 && meaning->detail == 0) {
        return g_strdup("fine");
    }
    return g_strdup(meaning->phrase);
}

char *explain_enhanced(const char *enhanced, ExplainLevel level)
{
    g_auto(GStrv) parts = g_strsplit(enhanced, ".", 4);
    uint64_t numbers[3];
    for (size_t i = 0; i < 3; i++) {
        if (g_strv_length(parts) != 3 || !bytes_number(bytes_of(parts[i]), 999, &numbers[i])) {
            return NULL;
        }
    }
    const char *word = class_word((int)numbers[0]);
    if (word == NULL || numbers[1] >= G_N_ELEMENTS(subjects)) {
        return NULL;
    }
    const EnhancedMeaning *meaning = find((int)numbers[1], (int)numbers[2]);
    g_autofree char *phrase = phrase_of(meaning, (int)numbers[0], (int)numbers[1]);
    const char *rfc = meaning == NULL ? "RFC 5248" : meaning->rfc;
    if (level < EXPLAIN_FULL && numbers[0] == 2 && numbers[2] == 0) {
        return NULL;
    }
    g_autofree char *meant = explain_with_rfc(phrase, rfc);
    if (level < EXPLAIN_FULL) {
        return g_strdup_printf("%s %s", enhanced, meant);
    }
    return g_strdup_printf("%s %s; %s: %s", enhanced, word, subjects[numbers[1]], meant);
}
