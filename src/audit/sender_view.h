/* sender_view.h: what an opportunistic sender, one with DANE and one with MTA-STS would each do
 * with each address of each MX. Pure: from facts to values for the report. */
#pragma once

#include "audit/facts.h"

typedef enum { SENDER_OPPORTUNISTIC, SENDER_DANE, SENDER_MTA_STS, SENDER_COUNT } Sender;
const char *sender_name(Sender sender);

typedef enum {
    DELIVERY_UNKNOWN,
    DELIVERY_NONE, /* it does not deliver here: tries the next MX, or waits */
    DELIVERY_PLAINTEXT,
    DELIVERY_ENCRYPTED, /* to whom is not known */
    DELIVERY_VERIFIED,
} Delivery;
const char *delivery_name(Delivery delivery);

typedef struct {
    Delivery delivery;
    char *why; /* half a sentence */
} SenderOutcome;

typedef struct {
    const MxFacts *mx;    /* borrowed */
    const Facts *service; /* borrowed; NULL: no address of this MX was asked */
    SenderOutcome by[SENDER_COUNT];
} SenderView;

/* Of SenderView, in the order of the MX records: one a service, or one for an MX that has none.
 * Free with g_ptr_array_unref(). */
GPtrArray *sender_views(const DomainFacts *domain);
