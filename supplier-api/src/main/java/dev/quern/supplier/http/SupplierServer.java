package dev.quern.supplier.http;

import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.attest.Attester;
import dev.quern.supplier.attest.SigningKey;
import dev.quern.supplier.http.encoder.ServedEncoders;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.ServedModels;
import dev.quern.supplier.http.generation.TemplateLoader;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.relay.RelaySettings;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server. It serves the models of a catalogue and owns none of them: who loaded them
 * closes them, after the server.
 */
public final class SupplierServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SupplierServer.class);
  private static final long STARTING_SECONDS = 30;
  private static final long CLOSING_SECONDS = 10;

  /** After the engine is done, answers still have to reach their clients. */
  private static final long FLUSH_MILLIS = 5_000;

  private final ServerSettings settings;
  private final ModelCatalog catalog;
  private final Vertx vertx;
  private final HttpServer server;
  private final Workers workers;
  private final RelayDesk desk;
  private final Readiness readiness;
  private final InFlight inFlight;
  private final InFlight answers;
  private final AtomicBoolean draining;
  private final AtomicBoolean closed = new AtomicBoolean();

  private SupplierServer(
      ServerSettings settings,
      ModelCatalog catalog,
      Vertx vertx,
      HttpServer server,
      Workers workers,
      RelayDesk desk,
      Readiness readiness,
      InFlight inFlight,
      InFlight answers,
      AtomicBoolean draining) {
    this.settings = settings;
    this.catalog = catalog;
    this.vertx = vertx;
    this.server = server;
    this.workers = workers;
    this.desk = desk;
    this.readiness = readiness;
    this.inFlight = inFlight;
    this.answers = answers;
    this.draining = draining;
  }

  /**
   * Starts to listen.
   *
   * @throws QuernException UNAVAILABLE when the address cannot be bound
   */
  public static SupplierServer start(ServerSettings settings, ModelCatalog catalog) {
    return start(settings, RelaySettings.defaults(), catalog);
  }

  /**
   * Starts to listen.
   *
   * @throws QuernException UNAVAILABLE when the address cannot be bound
   */
  public static SupplierServer start(
      ServerSettings settings, RelaySettings relays, ModelCatalog catalog) {
    return start(settings, relays, ServerLimits.of(settings), catalog);
  }

  /**
   * Starts to listen and rehearses; is ready when it returns.
   *
   * @param key signs statements about the models
   * @throws QuernException UNAVAILABLE when the address cannot be bound
   */
  public static SupplierServer start(
      ServerSettings settings,
      RelaySettings relays,
      Optional<SigningKey> key,
      ModelCatalog catalog) {
    ServedModels models = models(catalog, TemplateLoader::load);
    SupplierServer server =
        start(settings, relays, key, ServerLimits.of(settings), catalog, models, false);
    Rehearsal rehearsal =
        new Rehearsal(reachable(settings, server), settings.apiKeys().stream().findFirst());
    models.models().forEach(rehearsal::run);
    server.readiness.rehearsed();
    return server;
  }

  /** An address at which this process reaches itself. */
  private static InetSocketAddress reachable(ServerSettings settings, SupplierServer server) {
    InetSocketAddress bound = new InetSocketAddress(settings.host(), server.port());
    return bound.getAddress() != null && bound.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())
        : bound;
  }

  static SupplierServer start(
      ServerSettings settings, RelaySettings relays, ServerLimits limits, ModelCatalog catalog) {
    return start(settings, relays, limits, catalog, TemplateLoader::load);
  }

  /**
   * Starts to listen.
   *
   * @param templates a model's chat template
   */
  static SupplierServer start(
      ServerSettings settings,
      RelaySettings relays,
      ServerLimits limits,
      ModelCatalog catalog,
      Function<LoadedLanguageModel, ServedModel.ConversationTemplate> templates) {
    return start(
        settings, relays, Optional.empty(), limits, catalog, models(catalog, templates), true);
  }

  private static ServedModels models(
      ModelCatalog catalog,
      Function<LoadedLanguageModel, ServedModel.ConversationTemplate> templates) {
    return new ServedModels(catalog, version(), templates);
  }

  private static SupplierServer start(
      ServerSettings settings,
      RelaySettings relays,
      Optional<SigningKey> key,
      ServerLimits limits,
      ModelCatalog catalog,
      ServedModels models,
      boolean rehearsed) {
    String version = version();
    models.models().forEach(model -> model.engine().relayShare(relays.share()));
    ServedEncoders encoders = new ServedEncoders(catalog, settings.encoders());
    ServerMetrics metrics = new ServerMetrics(models, encoders, catalog);
    AtomicBoolean draining = new AtomicBoolean();
    Workers workers = new Workers(limits.maxQueuedRequests());
    BodyIntake bodies =
        new BodyIntake(workers, settings.maxBodyBytes(), limits, relays.keepAliveMillis());
    InFlight inFlight = new InFlight();
    InFlight answers = new InFlight();
    ConnectionGuard connections =
        new ConnectionGuard(settings.maxConnections(), limits.idleConnectionMillis());
    RelayDesk desk = new RelayDesk(relays, metrics.relays());
    Readiness readiness =
        new Readiness(catalog, models.models(), relays.canary(), draining::get, rehearsed);
    metrics.relays().ready(() -> readiness.fault().isEmpty());
    PoktRoutes pokt = new PoktRoutes(catalog, relays, new Attester(key, version));
    RouteTable routes =
        new RouteTable(
            new InformationRoutes(catalog, settings.encoders(), pokt, metrics, version, readiness),
            new JsonRoutes(catalog, models, metrics, workers, bodies, limits, relays, inFlight),
            new EncoderRoutes(
                encoders, metrics.encoders(), metrics.relays(), bodies, workers.output(), inFlight),
            pokt,
            settings,
            new Callers(settings.apiKeys(), relays.access()),
            desk,
            limits,
            connections,
            metrics,
            answers,
            draining::get);
    Vertx vertx = vertx();
    try {
      HttpServer server =
          vertx
              .createHttpServer(options(settings, limits))
              .connectionHandler(connections::opened)
              .invalidRequestHandler(request -> routes.invalid(request, vertx))
              .requestHandler(routes.router(vertx));
      connections.startSweeping(vertx);
      listen(server, settings);
      return new SupplierServer(
          settings, catalog, vertx, server, workers, desk, readiness, inFlight, answers, draining);
    } catch (RuntimeException e) {
      desk.close();
      readiness.close();
      vertx.close();
      workers.close();
      throw e;
    }
  }

  /** The port that is listened on. */
  public int port() {
    return server.actualPort();
  }

  /** Whether {@link #drain} has begun. */
  public boolean draining() {
    return draining.get();
  }

  /**
   * Takes no new work (503 with {@code Retry-After}), lets running requests finish within the
   * settings' time, cancels what is left, and closes. Blocks until then.
   */
  public void drain() {
    if (!draining.getAndSet(true)) {
      readiness.close();
      LOG.info("stopping: running requests have {} s to finish", settings.drainSeconds());
      drainEngines();
      try {
        if (!inFlight.awaitNone(FLUSH_MILLIS) || !answers.awaitNone(FLUSH_MILLIS)) {
          LOG.warn("some answers were not taken in by their clients");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    close();
  }

  /** Closes at once; requests that run are cancelled with their connections. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    draining.set(true);
    readiness.close();
    await("closing", () -> server.close().toCompletionStage().toCompletableFuture());
    try {
      inFlight.awaitNone(FLUSH_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    await("closing", () -> vertx.close().toCompletionStage().toCompletableFuture());
    workers.close();
    desk.close();
  }

  private void drainEngines() {
    Thread[] drains =
        catalog.models().stream()
            .map(
                model ->
                    Thread.ofVirtual().start(() -> model.drain(settings.drainSeconds() * 1000L)))
            .toArray(Thread[]::new);
    for (Thread drain : drains) {
      try {
        drain.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static Vertx vertx() {
    return Vertx.vertx(
        new VertxOptions()
            // The event loop only moves bytes; one listening server uses one of them.
            .setEventLoopPoolSize(1)
            .setWorkerPoolSize(2)
            .setInternalBlockingPoolSize(2)
            .setFileSystemOptions(
                new FileSystemOptions()
                    .setClassPathResolvingEnabled(false)
                    .setFileCachingEnabled(false)));
  }

  private static HttpServerOptions options(ServerSettings settings, ServerLimits limits) {
    return new HttpServerOptions()
        .setHost(settings.host())
        .setPort(settings.port())
        .setMaxHeaderSize(limits.maxHeaderBytes())
        .setMaxInitialLineLength(limits.maxHeaderBytes() / 4)
        .setAcceptBacklog(settings.maxConnections())
        // One connection, one request at a time: what the bounds are counted by.
        .setHttp2ClearTextEnabled(false)
        .setCompressionSupported(false);
  }

  private static void listen(HttpServer server, ServerSettings settings) {
    try {
      server
          .listen()
          .toCompletionStage()
          .toCompletableFuture()
          .get(STARTING_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "Cannot listen on "
              + settings.host()
              + ":"
              + settings.port()
              + " ("
              + cause.getMessage()
              + "); choose another --host or --port, or 0 for a free one.",
          cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuernException(ErrorCategory.UNAVAILABLE, "The start was interrupted.", e);
    }
  }

  private static void await(
      String what, java.util.function.Supplier<java.util.concurrent.Future<?>> step) {
    try {
      step.get().get(CLOSING_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("{} did not end well", what, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String version() {
    String version = SupplierServer.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
