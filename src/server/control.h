/* control.h: what is said on the control socket of a sandbox, the file "control" in its directory.
 * For `serve wait`, `serve report` and `serve stop`, which see src/cmd/serve_control.c.
 *
 *   report text|json      -> "misbehaved 0" or "misbehaved 1", the octets as a number, the report
 *   stop                  -> "ok"
 *   wait ADDRESS          -> each message that came for it ("*": for anybody) of the last ones,
 *                            oldest first: "mail OCTETS SECONDS", "from ADDRESS", "to ADDRESS",
 *                            "file PATH", the message; then "those"; then each that comes from
 *                            now on, until the client leaves
 *
 * Lines end in LF. */
#pragma once

#define CONTROL_SOCKET "control"
