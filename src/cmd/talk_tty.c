/* talk_tty.c: a person at a terminal. libedit reads the line; while it waits for a key, what the
 * server says is shown above the line being typed, which is taken off the screen and drawn again.
 */
#include <histedit.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "cmd/talk.h"
#include "cmd/talk_complete.h"
#include "cmd/talk_signals.h"

#define HISTORY_LINES 1000

typedef struct {
    EditLine *el;
    History *history;
    char *history_file; /* NULL: nothing is remembered */
    TalkSignals signals;
    bool warned; /* Ctrl-C was pressed once on an empty line */
    bool more;   /* the server has said more than was shown so far */
    bool over;
    GError *failure; /* ends the conversation */
} Terminal;

static Talk *talk_of(EditLine *el)
{
    void *data = NULL;
    el_get(el, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt(EditLine *el)
{
    static char in_the_clear[] = "-> ", inside_tls[] = "~> ", closed[] = "closed> ", none[] = "";
    const Talk *t = talk_of(el);
    if (t->quiet) {
        return none;
    }
    if (t->session == NULL || t->closed) {
        return closed;
    }
    return wire_encrypted(t->session->wire) ? inside_tls : in_the_clear;
}

/* --- the line being typed, off the screen and on again --- */

static int columns_of(const char *text, size_t len)
{
    mbstate_t state = {0};
    int columns = 0;
    while (len > 0) {
        wchar_t c;
        size_t n = mbrtowc(&c, text, len, &state);
        if (n == 0 || n > len) {
            break;
        }
        columns += MAX(0, wcwidth(c));
        text += n;
        len -= n;
    }
    return columns;
}

static void hide_line(Terminal *term)
{
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    int width = size.ws_col > 0 ? size.ws_col : 80;
    const LineInfo *line = el_line(term->el);
    int column = columns_of(prompt(term->el), strlen(prompt(term->el))) +
                 columns_of(line->buffer, (size_t)(line->cursor - line->buffer));
    if (column / width > 0) {
        printf("\033[%dA", column / width);
    }
    fputs("\r\033[J", stdout);
}

static void show_line(Terminal *term)
{
    fflush(stdout);
    el_set(term->el, EL_REFRESH);
}

/* --- what happens while a key is waited for --- */

/* Runs a step of the conversation with Ctrl-C able to break it off. */
static bool interruptible(Talk *t, Terminal *term, bool (*step)(Talk *t, GError **error),
                          GError **error)
{
    io_interrupt_on(term->signals.interrupt);
    bool good = step(t, error);
    io_interrupt_on(-1);
    talk_signals_interrupted(&term->signals);
    return good;
}

static bool hear_now(Talk *t, GError **error)
{
    Terminal *term = t->terminal;
    return talk_hear_now(t, &term->more, error);
}

static void server_spoke(Talk *t, Terminal *term)
{
    hide_line(term);
    GError *error = NULL;
    if (!interruptible(t, term, hear_now, &error)) {
        term->failure = error;
        term->over = true;
    }
    if (t->closed && t->quitting) {
        term->over = true;
    } else if (t->closed) {
        talk_note(t, false, "closed: /resume connects again, /quit ends");
    }
    term->warned = false;
    if (!term->over) {
        show_line(term);
    }
}

static bool upgrade_step(Talk *t, GError **error)
{
    return talk_local(t, "starttls", error);
}

static void on_alarm(Talk *t, Terminal *term)
{
    hide_line(term);
    GError *error = NULL;
    if (!interruptible(t, term, upgrade_step, &error)) {
        talk_warn(t, error);
    }
    show_line(term);
}

static void on_stop(Terminal *term)
{
    hide_line(term);
    fflush(stdout);
    el_set(term->el, EL_PREP_TERM, 0);
    talk_signals_stop();
    el_set(term->el, EL_PREP_TERM, 1);
    show_line(term);
}

/* Ctrl-C: first the line goes, then a warning if a reply is waited for, then we do. */
static void on_interrupt(Talk *t, Terminal *term)
{
    const LineInfo *line = el_line(term->el);
    bool empty = line->lastchar == line->buffer;
    if (!empty) {
        fputs("^C\n", stdout);
        el_reset(term->el);
        el_set(term->el, EL_PREP_TERM, 1);
        show_line(term);
        return;
    }
    if (!term->warned && t->session != NULL && !t->closed) {
        hide_line(term);
        bool waiting = dialogue_pending(t->dialogue) > 0;
        talk_note(t, false,
                  waiting ? "still waiting for the reply to %s; Ctrl-C again drops the connection"
                          : "%sCtrl-C again drops the connection, Ctrl-D says goodbye first",
                  waiting ? t->last_verb : "");
        term->warned = true;
        show_line(term);
        return;
    }
    error_fail(&term->failure, POSTERN_ERROR_CANCELLED, "interrupted");
    term->over = true;
}

static void on_signal(Talk *t, Terminal *term)
{
    int number = talk_signals_next(&term->signals);
    if (number == SIGALRM) {
        on_alarm(t, term);
    } else if (number == SIGTSTP) {
        on_stop(term);
    } else if (number == SIGWINCH) {
        el_resize(term->el);
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
            return read_key(ret);
        } else if (more || waits[3].ready_read) {
            server_spoke(t, term);
        }
    }
    return 0;
}

/* --- begin and end --- */

static void print_history(Talk *t)
{
    Terminal *term = t->terminal;
    HistEvent event;
    for (int more = history(term->history, &event, H_LAST); more == 0;
         more = history(term->history, &event, H_PREV)) {
        talk_print(t, event.str);
    }
}

static void load_history(Talk *t, Terminal *term)
{
    HistEvent event;
    term->history = history_init();
    history(term->history, &event, H_SETSIZE, HISTORY_LINES);
    history(term->history, &event, H_SETUNIQUE, 1);
    if (t->options->no_history) {
        return;
    }
    g_autoptr(GError) ignored =
        NULL; /* without a place for it there is no history, and that is all */
    g_autofree char *directory = config_state_directory(true, &ignored);
    if (directory != NULL) {
        term->history_file = g_build_filename(directory, "talk_history", NULL);
        history(term->history, &event, H_LOAD, term->history_file);
    }
}

static void save_history(Terminal *term)
{
    HistEvent event;
    if (term->history_file != NULL) {
        mode_t before = umask(077);
        history(term->history, &event, H_SAVE, term->history_file);
        umask(before);
        chmod(term->history_file, 0600);
    }
    history_end(term->history);
    g_free(term->history_file);
}

static void begin(Talk *t, Terminal *term)
{
    t->terminal = term;
    t->print_history = print_history;
    load_history(t, term);
    term->el = el_init("postern", stdin, stdout, stderr);
    el_set(term->el, EL_CLIENTDATA, t);
    el_set(term->el, EL_EDITOR, "emacs");
    el_set(term->el, EL_PROMPT, prompt);
    el_set(term->el, EL_SIGNAL, 0);
    el_set(term->el, EL_HIST, history, term->history);
    el_set(term->el, EL_GETCFN, get_key);
    talk_complete_install(term->el);
    el_source(term->el, NULL);
}

static void end(Talk *t, Terminal *term)
{
    el_end(term->el);
    save_history(term);
    t->terminal = NULL;
    t->print_history = NULL;
}

static void remember(Talk *t, Terminal *term, const char *line)
{
    HistEvent event;
    if (*line != '\0' && !talk_is_secret(t, line)) {
        history(term->history, &event, H_ENTER, line);
    }
}

static void one_line(Talk *t, Terminal *term, const char *typed)
{
    g_autofree char *line = g_strchomp(g_strdup(typed));
    remember(t, term, line);
    GError *error = NULL;
    io_interrupt_on(term->signals.interrupt);
    bool good = talk_enter(t, line, &error);
    io_interrupt_on(-1);
    talk_signals_interrupted(&term->signals);
    if (!good) {
        talk_warn(t, error);
    }
    term->warned = false;
    term->over = term->over || (t->quitting && t->closed);
}

static void conversation(Talk *t, Terminal *term)
{
    while (!term->over) {
        int length = 0;
        const char *typed = el_gets(term->el, &length);
        if (term->over) {
            break;
        }
        if (typed == NULL || length <= 0) { /* Ctrl-D */
            fputc('\n', stdout);
            talk_local(t, "quit", NULL);
            break;
        }
        one_line(t, term, typed);
        fflush(stdout);
    }
}

bool talk_interactive(Talk *t, GError **error)
{
    Terminal term = {0};
    if (!talk_signals_begin(&term.signals, error)) {
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
