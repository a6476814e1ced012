package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.Endpoint;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which request goes where, after what holds for all of them: bounds, keys, draining, metrics. */
final class RouteTable {
  private static final String EXCHANGE = "exchange";
  private static final String HANDLER = "handler";
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private final InformationRoutes information;
  private final JsonRoutes json;
  private final EncoderRoutes encoders;
  private final PoktRoutes pokt;
  private final ServerSettings settings;
  private final ServerLimits limits;
  private final Callers callers;
  private final RelayDesk relays;
  private final ConnectionGuard connections;
  private final ServerMetrics metrics;
  private final InFlight answers;
  private final BooleanSupplier draining;

  RouteTable(
      InformationRoutes information,
      JsonRoutes json,
      EncoderRoutes encoders,
      PoktRoutes pokt,
      ServerSettings settings,
      Callers callers,
      RelayDesk relays,
      ServerLimits limits,
      ConnectionGuard connections,
      ServerMetrics metrics,
      InFlight answers,
      BooleanSupplier draining) {
    this.information = information;
    this.json = json;
    this.encoders = encoders;
    this.pokt = pokt;
    this.settings = settings;
    this.limits = limits;
    this.callers = callers;
    this.relays = relays;
    this.connections = connections;
    this.metrics = metrics;
    this.answers = answers;
    this.draining = draining;
  }

  Router router(Vertx vertx) {
    Router router = Router.router(vertx);
    router.route().handler(this::begin);
    for (Endpoint endpoint : Endpoint.values()) {
      for (String path : List.of(endpoint.path(), endpoint.versionedPath())) {
        Route route = route(router, HttpMethod.valueOf(endpoint.method()), path);
        if (endpoint.answersHead()) {
          route.method(HttpMethod.HEAD);
        }
        route.setName(endpoint.method() + " " + path);
        route.handler(context -> enter(endpoint, context));
      }
    }
    router.errorHandler(404, context -> unmatched(context, 404));
    router.errorHandler(405, context -> unmatched(context, 405));
    router.errorHandler(400, context -> exchange(context).fail(badTarget()));
    router.errorHandler(500, context -> exchange(context).fail(failure(context)));
    return router;
  }

  /** A model's name may hold slashes: it is whatever stands between what is around it. */
  private static Route route(Router router, HttpMethod method, String path) {
    return path.contains("{model}/")
        ? router.routeWithRegex(method, path.replace("{model}", ".+"))
        : router.route(method, path.replace("{model}", "*"));
  }

  /** What is no HTTP, or breaks a bound of its head; the connection ends with the answer. */
  void invalid(HttpServerRequest request, Vertx vertx) {
    Throwable cause = request.decoderResult().cause();
    Exchange exchange = new Exchange(request, vertx.getOrCreateContext());
    if (cause instanceof TooLongHttpHeaderException) {
      exchange.failAndClose(headersTooLong());
    } else if (cause instanceof TooLongHttpLineException) {
      exchange.failAndClose(
          ApiException.refused(414, "uri_too_long", "The request line is too long."));
    } else {
      exchange.failAndClose(badTarget());
    }
  }

  private void begin(RoutingContext context) {
    long began = System.nanoTime();
    HttpServerRequest request = context.request();
    Exchange exchange = new Exchange(request, context.vertx().getOrCreateContext());
    context.put(EXCHANGE, exchange);
    connections.began(exchange);
    answers.enter();
    exchange.whenOver(answers::leave);
    exchange.whenOver(
        () -> {
          String handler = context.get(HANDLER, "none");
          String method = request.method().name();
          metrics.answered(
              handler,
              METHODS.contains(method) ? method : "other",
              exchange.response().getStatusCode(),
              System.nanoTime() - began);
        });
    if (headerFields(request) > limits.maxHeaderCount()) {
      exchange.failAndClose(headersTooLong());
    } else {
      context.next();
    }
  }

  /** Fields of one name count each; MultiMap's own size counts names. */
  private static int headerFields(HttpServerRequest request) {
    int fields = 0;
    for (Map.Entry<String, String> field : request.headers()) {
      fields += field.getKey().isEmpty() ? 0 : 1;
    }
    return fields;
  }

  private void enter(Endpoint endpoint, RoutingContext context) {
    Exchange exchange = exchange(context);
    context.put(HANDLER, endpoint.path());
    exchange.errorShape(endpoint.errorShape());
    try {
      if (needsKey(endpoint)) {
        callers.check(exchange, endpoint != Endpoint.METRICS);
      }
      if (endpoint.takesEngine()) {
        if (draining.getAsBoolean()) {
          throw stopping(exchange);
        }
        exchange.relay().ifPresent(relay -> relays.begin(exchange, relay));
      }
      dispatch(endpoint, exchange, context);
    } catch (RuntimeException e) {
      exchange.fail(e);
    }
  }

  /** A relay is sent elsewhere without a 5xx: gateways hold those against who answers so. */
  private static QuernException stopping(Exchange exchange) {
    return new QuernException(
        exchange.relay().isPresent() ? ErrorCategory.OVERLOADED : ErrorCategory.UNAVAILABLE,
        "The server is stopping and takes no new work.");
  }

  private boolean needsKey(Endpoint endpoint) {
    return switch (endpoint) {
      case HEALTH -> false;
      case METRICS -> settings.metricsNeedKey();
      default -> true;
    };
  }

  private void dispatch(Endpoint endpoint, Exchange exchange, RoutingContext context) {
    switch (endpoint) {
      case CHAT_COMPLETIONS -> json.chat(exchange);
      case COMPLETIONS -> json.completion(exchange);
      case MODELS -> information.models(exchange);
      case MODEL_ATTESTATION -> pokt.attestation(exchange, attestedName(context));
      case MODEL -> information.model(exchange, modelName(context));
      case TOKENIZE -> json.tokenize(exchange);
      case DETOKENIZE -> json.detokenize(exchange);
      case EMBEDDINGS -> encoders.embeddings(exchange);
      case RERANK -> encoders.rerank(exchange);
      case SCORE -> encoders.score(exchange);
      case CLASSIFY -> encoders.classify(exchange);
      case EMBED -> encoders.embed(exchange);
      case PREDICT -> encoders.predict(exchange);
      case SIMILARITY -> encoders.similarity(exchange);
      case INFO -> information.info(exchange);
      case HEALTH, PING -> information.health(exchange);
      case VERSION -> information.version(exchange);
      case ROOT -> information.root(exchange);
      case ROOT_HEAD -> information.rootHead(exchange);
      case POKT_TOKENIZER -> pokt.tokenizer(exchange);
      case POKT_TOKENIZER_HASH -> pokt.tokenizerHash(exchange);
      case POKT_CONFIG -> pokt.config(exchange);
      case POKT_CONFIG_HASH -> pokt.configHash(exchange);
      case METRICS -> information.metrics(exchange);
      case OPENAPI -> information.openApi(exchange);
    }
  }

  private static String attestedName(RoutingContext context) {
    String name = modelName(context);
    return name.substring(0, name.lastIndexOf('/'));
  }

  /** What follows {@code /models/}, slashes and all. */
  private static String modelName(RoutingContext context) {
    String path = path(context);
    String name = path.substring(path.indexOf("/models/") + "/models/".length());
    try {
      return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw badTarget();
    }
  }

  private static void unmatched(RoutingContext context, int status) {
    String path = path(context);
    String shown = context.request().method() + " " + path;
    String allowed =
        Stream.of(Endpoint.values())
            .filter(e -> matches(e, path))
            .flatMap(e -> e.answersHead() ? Stream.of(e.method(), "HEAD") : Stream.of(e.method()))
            .distinct()
            .collect(Collectors.joining(", "));
    Exchange exchange = exchange(context);
    if (status == 405) {
      exchange.response().putHeader("Allow", allowed);
      exchange.fail(
          ApiException.refused(
              405, "method_not_allowed", shown + " is not served; allowed: " + allowed + "."));
    } else {
      exchange.fail(
          ApiException.refused(
              404, "unknown_route", shown + " is not served; /openapi.json lists what is."));
    }
  }

  private static boolean matches(Endpoint endpoint, String path) {
    if (endpoint == Endpoint.MODEL) {
      return path.startsWith("/models/") || path.startsWith("/v1/models/");
    }
    String plain =
        path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    return plain.equals(endpoint.path()) || plain.equals(endpoint.versionedPath());
  }

  private static String path(RoutingContext context) {
    String path = context.request().path();
    return path == null ? "" : path;
  }

  private static Throwable failure(RoutingContext context) {
    Throwable failure = context.failure();
    return failure == null ? new IllegalStateException("a route failed") : failure;
  }

  private static Exchange exchange(RoutingContext context) {
    Exchange exchange = context.get(EXCHANGE);
    return exchange == null
        ? new Exchange(context.request(), context.vertx().getOrCreateContext())
        : exchange;
  }

  private ApiException headersTooLong() {
    return ApiException.refused(
        431,
        "headers_too_long",
        "At most "
            + limits.maxHeaderCount()
            + " header fields of "
            + limits.maxHeaderBytes()
            + " bytes in all are taken here.");
  }

  private static ApiException badTarget() {
    return ApiException.refused(400, "invalid_request", "The request is not valid HTTP.");
  }
}
