/* family.h: what the check_*.c files share: how rows are written, and questions more than one
 * family has. Private to audit/. */
#pragma once

#include "audit/check.h"

extern const Family family_reach, family_starttls, family_sasl, family_sasl_where, family_versions,
    family_ciphers, family_groups, family_cert, family_cert_times, family_cert_chain,
    family_cert_status, family_handshake, family_vulnerable, family_dane, family_domain_exists,
    family_domain, family_domain_policy, family_domain_sender, family_domain_settings,
    family_consistency;

/* Check.severity: the same whatever the role; or MX, submission, mailbox access, other. */
#define ALWAYS(s)                                                                                  \
    {                                                                                              \
        SEVERITY_##s, SEVERITY_##s, SEVERITY_##s, SEVERITY_##s                                     \
    }
#define BY_ROLE(mx, submission, access, other)                                                     \
    {                                                                                              \
        SEVERITY_##mx, SEVERITY_##submission, SEVERITY_##access, SEVERITY_##other                  \
    }

/* Why a fact is unknown; never NULL, borrowed. */
const char *fact_why(const Fact *fact);

/* Is SSLv3 to TLS 1.2 offered, any of them? In TLS 1.3 the subject of many checks does not exist.
 */
Known old_tls_offered(const Facts *facts);

/* Is every suite of SSLv3 to TLS 1.2 that is offered in the lists? */
bool suite_lists_complete(const Facts *facts);
/* Are suites of this class offered in SSLv3 to TLS 1.2? The answer to the class as a whole and the
 * list of single suites are taken together: what either has found counts, and NO needs one that is
 * complete. *ret_evidence, the caller's, is set always: the suites found, or why it is unknown. */
Known class_offered(const Facts *facts, SuiteClass class, char **ret_evidence);

/* The certificate of the ordinary handshake, or NULL. */
const TlsCertificate *facts_leaf(const Facts *facts);
/* Each chain that was seen: GPtrArray of TlsCertificate, the leaf first; none is empty. The caller
 * unrefs the list, which borrows them. */
GPtrArray *facts_chains(const Facts *facts);

/* "a, b, c" */
void evidence_add(GString *list, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same of raw bytes of a peer, escaped. */
void evidence_add_raw(GString *list, const char *text);
/* "2026-11-21" */
char *evidence_day(gint64 seconds);
