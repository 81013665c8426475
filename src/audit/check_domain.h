/* check_domain.h: questions that more than one file about domains asks. Private to audit/. */
#pragma once

#include "audit/check.h"

/* "." as a host: there is expressly none (RFC 7505 3, RFC 6186 3.4). */
bool domain_is_null_host(const char *host);
/* A null MX, and no other. */
bool domain_takes_no_mail(const DomainFacts *d);
/* Is there an MX to speak of? True: go on; else what there is to say has been said. */
bool domain_about_mx(const DomainFacts *d, Findings *out);
