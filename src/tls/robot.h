/* robot.h: the messages of the ROBOT paper (Böck, Somorovsky, Young: "Return Of Bleichenbacher's
 * Oracle Threat", 2018): a client's second flight in which the premaster secret is padded in five
 * ways. A server that answers them differently decrypts for whoever asks often enough. Nothing is
 * decrypted by this, and no secret of the server's is learnt: its public key is all that is used.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef enum {
    ROBOT_GOOD,        /* as RFC 5246 section 7.4.7.1 has it */
    ROBOT_BAD_START,   /* it does not begin with 00 02 */
    ROBOT_BAD_ZERO,    /* the 00 that ends the padding stands too far behind */
    ROBOT_NO_ZERO,     /* there is none */
    ROBOT_BAD_VERSION, /* the version of TLS in it is a wrong one */
    ROBOT_VARIANTS
} RobotVariant;
const char *robot_variant_words(RobotVariant variant); /* "no end of the padding" */

typedef struct {
    GBytes *certificate;    /* DER, the server's, with an RSA key; borrowed */
    uint16_t version;       /* 0x0300 ... 0x0303: agreed on */
    uint16_t offered;       /* ... and the one in our hello */
    bool certificate_asked; /* the server wants a certificate of ours: says that there is none */
} RobotPlan;

/* ClientKeyExchange, ChangeCipherSpec and a Finished under keys that nobody has. The caller frees
 * it. Fails with DATA when there is no RSA key to encrypt to. */
GByteArray *robot_flight(const RobotPlan *plan, RobotVariant variant, GError **error);

typedef enum {
    ROBOT_NONE,  /* the same answer to all */
    ROBOT_WEAK,  /* good padding is told from bad: an attack takes very many questions */
    ROBOT_STRONG /* kinds of bad padding are told apart */
} RobotOracle;
/* By the answers in words, one for each variant. */
RobotOracle robot_judge(const char *const answers[ROBOT_VARIANTS]);
