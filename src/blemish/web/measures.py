"""What the server counts, for Prometheus."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Measures:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "blemish_requests", "Answered requests.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "blemish_request_seconds", "Time to answer.", ("route",), registry=self.registry
        )
        self.pictures = Counter(
            "blemish_pictures", "Pictures looked at.", ("status",), registry=self.registry
        )
        self.finds = Counter("blemish_finds", "Finds in them.", registry=self.registry)
        self.look_seconds = Histogram(
            "blemish_look_seconds", "Time from pixels to finds.", registry=self.registry
        )
        self.waiting = Gauge("blemish_waiting", "Pictures in the queue.", registry=self.registry)
        self.asking = Gauge(
            "blemish_asking", "Requests that wait for finds.", registry=self.registry
        )

    def looked(self, status: str, num_finds: int, milliseconds: float) -> None:
        """Count a picture that was looked at."""
        self.pictures.labels(status).inc()
        self.finds.inc(num_finds)
        self.look_seconds.observe(milliseconds / 1000)


class Measuring:
    """A middleware that counts answers by route, never by what a sender may choose."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._measures.requests.labels(route, status).inc()
            self._measures.seconds.labels(route).observe(perf_counter() - begun)
