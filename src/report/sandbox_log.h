/* sandbox_log.h: what happens in the sandbox, as JSON lines for a file and as lines for people, and
 * its report. Escaped; nothing is printed here. */
#pragma once

#include "server/sandbox.h"

/* One event as a line of JSON, without line end. The caller frees it.
 * {"time": "2026-11-21T08:15:00.123456Z", "session": 1, "service": "smtp", "peer":
 * "127.0.0.1:40000", "user": "joe" (once logged in), "encrypted": bool, "event":
 * "connected"|"received"|"sent"|"tls"|"login"|"mail"|"payload"|"fault"|"conduct"|"closed",
 * "masked": true (when a secret is "*****"), "text": "...", and of a payload its octets: "payload",
 * or "base64" when it is not UTF-8} */
char *sandbox_event_json(const SandboxEvent *event);

/* The same for a terminal: "3 smtp ~> EHLO joe", without line end; arrows as in transcripts, seen
 * from the client. The caller frees it. */
char *sandbox_event_line(const SandboxEvent *event);

/* How clients behaved: text of several lines, or JSON:
 * {"sessions": n, "messages": n, "faults": [{"name", "done"}], "conduct": [{"what",
 * "verdict": "good"|"bad", "times", "example"}], "verdict": "good"|"bad"|"none"}. The caller frees
 * it. */
char *sandbox_report(const Sandbox *box, bool json);

/* Names and values in turn as one object. The caller frees it. */
char *sandbox_ready_json(const char *const *pairs, size_t n);
