/* talk_tty.c: a person at a terminal. libedit reads the line; while it waits for a key, what the
 * server says is shown above the line being typed, which is taken off the screen and drawn again.
 */
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "cmd/talk.h"
#include "cmd/talk_complete.h"
#include "cmd/talk_edit.h"
#include "cmd/talk_history.h"
#include "cmd/talk_line.h"
#include "cmd/talk_signals.h"

typedef struct {
    EditLine *el;
    TalkHistory *history;
    TalkSignals signals;
    bool warned; /* Ctrl-C was pressed once on an empty line */
    bool more;   /* the server has said more than was shown so far */
    bool over;
    GError *failure; /* why it ended, or why the connection is closed */
} Terminal;

static Talk *talk_of(EditLine *el)
{
    void *data = NULL;
    edit()->el_get(el, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt(EditLine *el)
{
    static char in_the_clear[] = "-> ", inside_tls[] = "~> ", closed[] = "closed> ", none[] = "";
    const Talk *t = talk_of(el);
    if (t->closed || t->session == NULL || t->session->wire == NULL) {
        return closed;
    }
    if (t->quiet) {
        return none;
    }
    return wire_encrypted(t->session->wire) ? inside_tls : in_the_clear;
}

/* --- the line being typed, off the screen and on again --- */

/* Where the prompt ends and the line begins. */
static Cell behind_prompt(Terminal *term, int width)
{
    const char *first = prompt(term->el);
    return line_cell((Cell){0}, first, strlen(first), width);
}

static Cell cursor_of(Terminal *term)
{
    int width = line_terminal_width(STDOUT_FILENO);
    const LineInfo *line = edit()->el_line(term->el);
    return line_cursor(behind_prompt(term, width), line->buffer,
                       (size_t)(line->cursor - line->buffer),
                       (size_t)(line->lastchar - line->buffer), width);
}

static Cell end_of(Terminal *term, const char *line, size_t len)
{
    int width = line_terminal_width(STDOUT_FILENO);
    return line_cell(behind_prompt(term, width), line, len, width);
}

static void hide_line(Terminal *term)
{
    int row = cursor_of(term).row;
    if (row > 0) {
        printf("\033[%dA", row);
    }
    fputs("\r\033[J", stdout);
}

static void show_line(Talk *t, Terminal *term)
{
    talk_end_line(t);
    fflush(stdout);
    edit()->el_set(term->el, EL_REFRESH);
}

/* To the line below the last row of what is being typed. */
static void leave_line(Terminal *term, const char *mark)
{
    const LineInfo *line = edit()->el_line(term->el);
    Cell cursor = cursor_of(term);
    Cell end = end_of(term, line->buffer, (size_t)(line->lastchar - line->buffer));
    if (end.row > cursor.row) {
        printf("\033[%dB", end.row - cursor.row);
    }
    printf("\r\033[%dC%s\n", MAX(end.column, 1), mark);
}

/* --- what happens while a key is waited for --- */

/* Runs a step of the conversation with Ctrl-C able to break it off. *interrupted tells of one that
 * came too late for that. */
static bool interruptible(Talk *t, Terminal *term, bool (*step)(Talk *t, GError **error),
                          bool *interrupted, GError **error)
{
    io_interrupt_on(term->signals.interrupt);
    bool good = step(t, error);
    io_interrupt_on(-1);
    *interrupted = talk_signals_interrupted(&term->signals) && good;
    return good;
}

/* A step has failed: Ctrl-C ends only what it broke off, all else what the conversation stands on.
 * Why that broke is why the program fails, unless it is mended. */
static void take_failure(Talk *t, Terminal *term, bool was_closed, GError *error)
{
    bool cancelled = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    talk_check_open(t);
    if (t->closed && !was_closed && !cancelled) {
        g_clear_error(&term->failure);
        term->failure = g_error_copy(error);
    }
    talk_warn(t, error);
}

static void say_closed(Talk *t, bool was_closed)
{
    if (t->closed && !was_closed && !t->quitting) {
        talk_note(t, false, "closed: /resume connects again, /quit ends");
    }
}

static bool hear_now(Talk *t, GError **error)
{
    Terminal *term = t->terminal;
    return talk_hear_now(t, &term->more, error);
}

static void warn_of_drop(Talk *t, Terminal *term);

static void server_spoke(Talk *t, Terminal *term)
{
    GError *error = NULL;
    bool interrupted = false;
    hide_line(term);
    if (!interruptible(t, term, hear_now, &interrupted, &error)) {
        t->closed = t->closed || !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        take_failure(t, term, false, error);
    }
    say_closed(t, false);
    term->over = t->closed && t->quitting;
    if (interrupted) {
        warn_of_drop(t, term);
    }
    if (!term->over) {
        show_line(t, term);
    }
}

static bool upgrade_step(Talk *t, GError **error)
{
    return talk_local(t, "starttls", error);
}

static void on_alarm(Talk *t, Terminal *term)
{
    GError *error = NULL;
    bool interrupted = false, was_closed = t->closed;
    hide_line(term);
    if (!interruptible(t, term, upgrade_step, &interrupted, &error)) {
        take_failure(t, term, was_closed, error);
    }
    say_closed(t, was_closed);
    show_line(t, term);
}

static void on_stop(Talk *t, Terminal *term)
{
    hide_line(term);
    fflush(stdout);
    talk_signals_stop();
    edit()->el_set(term->el, EL_PREP_TERM, 0);
    edit()->el_set(term->el, EL_PREP_TERM, 1);
    edit()->el_resize(term->el); /* the window may be another one now */
    show_line(t, term);
}

/* Ctrl-C with nothing to take back: the second one drops the connection. */
static void warn_of_drop(Talk *t, Terminal *term)
{
    if (term->warned || t->session == NULL || t->closed) {
        g_clear_error(&term->failure);
        error_fail(&term->failure, POSTERN_ERROR_CANCELLED, "interrupted");
        term->over = true;
        return;
    }
    if (dialogue_pending(t->dialogue) > 0) {
        t->impatient = true;
        talk_note(t, false, "still waiting for the reply to %s; Ctrl-C again drops the connection",
                  t->last_verb);
    } else {
        talk_note(t, false, "Ctrl-C again drops the connection, Ctrl-D says goodbye first");
    }
    term->warned = true;
}

/* Ctrl-C: first the line goes, then a warning, then we do. */
static void on_interrupt(Talk *t, Terminal *term)
{
    const LineInfo *line = edit()->el_line(term->el);
    if (line->lastchar != line->buffer) {
        leave_line(term, "^C");
        edit()->el_reset(term->el);
        edit()->el_set(term->el, EL_PREP_TERM, 1);
    } else {
        hide_line(term);
        warn_of_drop(t, term);
    }
    if (!term->over) {
        show_line(t, term);
    }
}

static void on_signal(Talk *t, Terminal *term)
{
    int number = talk_signals_next(&term->signals);
    if (number == SIGALRM) {
        on_alarm(t, term);
    } else if (number == SIGTSTP) {
        on_stop(t, term);
    } else if (number == SIGWINCH) {
        edit()->el_resize(term->el);
    }
}

/* One character from the keyboard; -1 when its bytes make none. */
static int read_key(wchar_t *ret)
{
    char bytes[MB_LEN_MAX];
    for (size_t n = 0; n < sizeof bytes; n++) {
        if (read(STDIN_FILENO, &bytes[n], 1) != 1) {
            return 0;
        }
        mbstate_t state = {0};
        size_t used = mbrtowc(ret, bytes, n + 1, &state);
        if (used == 0 || used <= n + 1) {
            return 1;
        }
        if (used == (size_t)-1) {
            break;
        }
    }
    *ret = (unsigned char)bytes[0];
    return 1;
}

/* libedit's way to get a key: the one callback that may wait (design: libedit's getc, never on a
 * coroutine). */
static int get_key(EditLine *el, wchar_t *ret)
{
    Talk *t = talk_of(el);
    Terminal *term = t->terminal;
    fflush(stdout);
    while (!term->over) {
        bool open = t->session != NULL && t->session->wire != NULL && !t->closed;
        IoWait waits[] = {
            {.fd = STDIN_FILENO, .want_read = true},
            {.fd = term->signals.interrupt, .want_read = true},
            {.fd = term->signals.events, .want_read = true},
            {.fd = open ? wire_stream(t->session->wire)->fd : -1, .want_read = true},
        };
        bool more = open && (term->more || stream_has_pending(wire_stream(t->session->wire)));
        GError *ignored = NULL; /* only TIMEOUT can come, and only when there is more to show */
        io_wait_any(waits, open ? 4 : 3, more ? DEADLINE_PAST : DEADLINE_NEVER, &ignored);
        g_clear_error(&ignored);
        if (waits[1].ready_read && talk_signals_interrupted(&term->signals)) {
            on_interrupt(t, term);
        } else if (waits[2].ready_read) {
            on_signal(t, term);
        } else if (waits[0].ready_read) {
            term->warned = false;
            return read_key(ret);
        } else if (more || waits[3].ready_read) {
            server_spoke(t, term);
        }
    }
    return 0;
}

/* --- begin and end --- */

static void print_one(void *talk, const char *line)
{
    talk_print(talk, line);
}

static void print_history(Talk *t)
{
    const Terminal *term = t->terminal;
    talk_history_each(term->history, print_one, t);
}

static void begin(Talk *t, Terminal *term)
{
    t->terminal = term;
    t->print_history = print_history;
    term->history = talk_history_open(t->options->no_history);
    term->el = edit()->el_init("postern", stdin, stdout, stderr);
    edit()->el_set(term->el, EL_CLIENTDATA, t);
    edit()->el_set(term->el, EL_EDITOR, "emacs");
    edit()->el_set(term->el, EL_PROMPT, prompt);
    edit()->el_set(term->el, EL_SIGNAL, 0);
    edit()->el_set(term->el, EL_HIST, edit()->history, talk_history_libedit(term->history));
    edit()->el_set(term->el, EL_GETCFN, get_key);
    /* Between the prompts too keys are taken as they come and not echoed: what is typed ahead, a
     * Ctrl-D among it, is edited at the next prompt, and does not get in between the lines. */
    edit()->el_set(term->el, EL_SETTY, "-x", "-icanon", "-echo", NULL);
    talk_complete_install(term->el);
    edit()->el_set(term->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    edit()->el_source(term->el, NULL);
}

static void end(Talk *t, Terminal *term)
{
    edit()->el_end(term->el);
    talk_history_close(term->history);
    t->terminal = NULL;
    t->print_history = NULL;
}

static void remember(Talk *t, Terminal *term, const char *line)
{
    if (*line != '\0' && !talk_is_secret(t, line)) {
        talk_history_add(term->history, line);
    }
}

/* libedit keeps the line it has read until the next one: there may be a password in it. */
static void wipe_edited(EditLine *el)
{
    const LineInfo *narrow = edit()->el_line(el);
    secret_wipe((char *)narrow->buffer, (size_t)(narrow->lastchar - narrow->buffer));
    const LineInfoW *wide = edit()->el_wline(el);
    size_t octets = (size_t)(wide->lastchar - wide->buffer) * sizeof *wide->buffer;
    secret_wipe((wchar_t *)wide->buffer, octets);
}

/* What a line is, and so whether it may be remembered, is known when it is its turn. */
static bool say_in_turn(Talk *t, Terminal *term, char *line, GError **error)
{
    if (talk_must_wait(t)) {
        talk_take_back_typed(t);
    }
    if (!talk_await_turn(t, error)) {
        return false;
    }
    remember(t, term, line);
    return talk_enter(t, line, error);
}

static void one_line(Talk *t, Terminal *term, const char *typed)
{
    g_autofree char *line = g_strdup(typed);
    line[strcspn(line, "\r\n")] = '\0';
    wipe_edited(term->el);
    t->typed_rows = end_of(term, line, strlen(line)).row + 1;
    GError *error = NULL;
    bool was_closed = t->closed;
    io_interrupt_on(term->signals.interrupt);
    bool good = say_in_turn(t, term, line, &error);
    io_interrupt_on(-1);
    talk_signals_interrupted(&term->signals);
    t->typed_rows = 0;
    t->typed_gone = false;
    if (!good) {
        t->impatient = g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        take_failure(t, term, was_closed, error);
    } else if (!t->closed) {
        g_clear_error(&term->failure); /* what had failed was mended */
    }
    say_closed(t, was_closed);
    secret_wipe(line, strlen(line));
    term->warned = false;
    term->over = term->over || (t->quitting && t->closed);
}

static void conversation(Talk *t, Terminal *term)
{
    while (!term->over) {
        int length = 0;
        talk_end_line(t);
        talk_signals_editing(true);
        edit()->el_set(term->el, EL_PREP_TERM, 1); /* before the prompt: who sees it may type */
        const char *typed = edit()->el_gets(term->el, &length);
        talk_signals_editing(false);
        if (term->over) {
            break;
        }
        if (typed == NULL || length <= 0) { /* Ctrl-D */
            fputs("\r\033[J", stdout);
            io_interrupt_on(term->signals.interrupt);
            talk_goodbye(t);
            io_interrupt_on(-1);
            break;
        }
        one_line(t, term, typed);
        fflush(stdout);
    }
}

bool talk_interactive(Talk *t, GError **error)
{
    Terminal term = {0};
    setlocale(LC_CTYPE, ""); /* for the letters that are typed; nothing else here asks for it */
    if (!edit_load(error) || !talk_signals_begin(&term.signals, true, error)) {
        return false;
    }
    io_interrupt_on(term.signals.interrupt);
    bool good = talk_open(t, talk_start_stage(t), error);
    io_interrupt_on(-1);
    if (good) {
        if (!t->quiet) {
            talk_note(t, false,
                      "/help lists the local commands; everything else goes to the server");
        }
        begin(t, &term);
        conversation(t, &term);
        end(t, &term);
    }
    talk_signals_end(&term.signals);
    if (term.failure != NULL) {
        g_propagate_error(error, term.failure);
        return false;
    }
    return good;
}
