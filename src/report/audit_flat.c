/* audit_flat.c: testssl.sh's flat JSON, for whoever parses that: an array of findings, each with an
 * id, where, how bad, and what; the same ids where the meaning is the same. */
#include "base/escape.h"
#include "report/audit_json.h"
#include "report/audit_words.h"

/* Its words. It has none for "inconclusive": WARN is what it says when a test could not be done. */
static const char *severity_word(const Finding *f)
{
    static const char *const fails[] = {"INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
    return f->verdict == VERDICT_FAIL      ? fails[f->severity]
           : f->verdict == VERDICT_UNKNOWN ? "WARN"
                                           : "OK";
}

static char *ip_of(const Finding *f)
{
    if (f->facts == NULL) {
        return g_strdup_printf("%s/", f->domain != NULL ? f->domain->domain : "");
    }
    return g_strdup_printf("%s/%s", f->facts->host != NULL ? f->facts->host : "",
                           f->facts->address != NULL ? f->facts->address : "");
}

static char *words_of(const Finding *f)
{
    const char *evidence = f->evidence != NULL ? f->evidence : "";
    const char *before = f->verdict == VERDICT_FAIL      ? ""
                         : f->verdict == VERDICT_UNKNOWN ? "inconclusive: "
                                                         : "not so: ";
    return g_strdup_printf("%s%s%s%s", before, f->check->title, *evidence != '\0' ? ": " : "",
                           evidence);
}

static json_t *object_of(const Finding *f)
{
    g_autofree char *ip = ip_of(f);
    g_autofree char *words = words_of(f);
    g_autofree char *one_line = escape_line(bytes_of(words));
    g_autofree char *cves = audit_cves(f->check);
    g_autofree char *port =
        f->facts != NULL ? g_strdup_printf("%u", (unsigned)f->facts->port) : g_strdup("");
    const char *id = f->check->flat_id != NULL ? f->check->flat_id : f->check->id;
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:s, s:o}", "id", id, "ip", audit_json_string(ip), "port", port,
                  "severity", severity_word(f), "finding", audit_json_string(one_line));
    if (cves != NULL) {
        json_object_set_new(object, "cve", audit_json_string(cves));
    }
    return object;
}

/* How much is said about an id that more than one of our checks has: a fail, the worst; then what
 * is inconclusive; then a pass. */
static int weight_of(const Finding *f)
{
    return f->verdict == VERDICT_FAIL      ? 2 + (int)f->severity
           : f->verdict == VERDICT_UNKNOWN ? 1
                                           : 0;
}

/* testssl.sh has one finding for each id and service ("cert_expirationStatus" is our cert.expired
 * and cert.expires_soon). Does another finding stand for this one? */
static bool is_outweighed(const AuditReport *report, const AuditView *view, guint index)
{
    const Finding *f = g_ptr_array_index(report->findings, index);
    for (guint i = 0; f->check->flat_id != NULL && i < report->findings->len; i++) {
        const Finding *other = g_ptr_array_index(report->findings, i);
        int more = weight_of(other) - weight_of(f);
        if (other->check != f->check && other->facts == f->facts && other->domain == f->domain &&
            g_strcmp0(other->check->flat_id, f->check->flat_id) == 0 &&
            (more > 0 || (more == 0 && i < index)) && audit_view_shows(view, other)) {
            return true;
        }
    }
    return false;
}

char *audit_render_flat(const AuditReport *report, const AuditView *view)
{
    json_t *array = json_array();
    for (guint i = 0; i < report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(report->findings, i);
        if (audit_view_shows(view, f) && !is_outweighed(report, view, i)) {
            json_array_append_new(array, object_of(f));
        }
    }
    return audit_json_text(array);
}
