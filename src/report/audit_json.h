/* audit_json.h: pieces of an audit as JSON. Internal to report/: what is given back is the
 * caller's. */
#pragma once

#include <jansson.h>

#include "report/audit_render.h"

/* Escaped, because what came from a peer may hold anything; null for NULL. */
json_t *audit_json_string(const char *text);
/* null, or an ISO time. */
json_t *audit_json_time(gint64 seconds);
/* {"known": "yes"|"no"|"unknown", "why"} */
json_t *audit_json_fact(const Fact *fact);
json_t *audit_json_strings(const GPtrArray *strings);

json_t *audit_json_service(const Facts *facts);
json_t *audit_json_domain(const DomainFacts *facts);
json_t *audit_changes_array(const AuditChanges *changes);
/* Indented, with a line end; takes the value. */
char *audit_json_text(json_t *value);
