/* dane.h: from a session that demands DANE to a TlsPlan with the TLSA records that hold for it (RFC
 * 7671, 7672). For session.c only. */
#pragma once

#include "proto/session.h"

typedef struct DanePlan DanePlan;

/* Looks up _PORT._tcp.NAME TLSA for the name after validated CNAMEs first, then for the name as
 * given; the address's host and port count, wherever --connect-to leads. Only a validated answer
 * will do: bogus, unsigned or missing records fail with INSECURE and say which. Suspends. */
DanePlan *dane_look_up(Session *s, GError **error);
/* The session's plan with records, base domain and SNI filled in. Borrowed. */
const TlsPlan *dane_tls_plan(const DanePlan *dane);
void dane_plan_free(DanePlan *dane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DanePlan, dane_plan_free)
