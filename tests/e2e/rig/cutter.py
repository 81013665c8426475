"""A proxy that cuts connections."""

import socket
import threading


class Cutter:
    """A proxy that cuts each connection after so many octets from the server."""

    def __init__(self, port):
        self._to, self.limit, self.carried = port, None, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            up = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._copy, args=(client, up, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(up, client, True), daemon=True).start()

    def _copy(self, source, sink, counted):
        left = self.limit if counted else None
        try:
            while data := source.recv(65536):
                if counted:
                    self.carried += len(data)
                if left is not None:
                    data, left = data[:left], left - len(data[:left])
                sink.sendall(data)
                if left == 0:
                    break
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._listener.close()
