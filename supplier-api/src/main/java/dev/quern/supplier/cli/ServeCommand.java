package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.config.Alias;
import dev.quern.supplier.config.ApiKeyFile;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.QuernSettings;
import dev.quern.supplier.config.Setting;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.SupplierServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** {@code quern serve}: loads models and answers over HTTP until a signal asks to stop. */
final class ServeCommand implements Command {
  @Override
  public String name() {
    return "serve";
  }

  @Override
  public String words() {
    return "";
  }

  @Override
  public String purpose() {
    return "load models and serve them over an OpenAI-compatible API";
  }

  @Override
  public List<Setting<?>> flags() {
    return Stream.of(
            QuernSettings.CATALOG, QuernSettings.LOADING, QuernSettings.SERVER, QuernSettings.RELAY)
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    refuseWords(arguments);
    checkAliases(configuration);
    InetAddress address = address(configuration.server());
    checkPort(address, configuration.server());
    sayWhoMayAsk(address, configuration, console);

    StopSignal stop = StopSignal.install();
    NativeLibraries.prepare(configuration.cache(), console.environment(), console::say);
    try (ModelRuntime runtime = new ModelRuntime(configuration.gpus())) {
      List<LoadedModel> models = new ArrayList<>();
      Map<String, String> aliases = new LinkedHashMap<>();
      for (String reference : configuration.models()) {
        LoadedModel model = ModelLoader.load(runtime, reference, configuration, console);
        models.add(model);
        configuration.aliases().stream()
            .filter(alias -> names(alias, reference, model))
            .forEach(alias -> aliases.put(alias.name(), model.id()));
      }
      ModelCatalog catalog = new ModelCatalog(models, aliases, configuration.defaultModel());
      try (SupplierServer server =
          SupplierServer.start(
              configuration.server(),
              configuration.relays(),
              configuration.signingKey(),
              catalog)) {
        sayWhereToAsk(server.port(), catalog, configuration, console);
        stop.await();
        console.say(
            "Stopping: running requests have up to "
                + configuration.server().drainSeconds()
                + " s to finish (a second signal ends at once)");
        server.drain();
      }
    }
    console.say("Stopped");
    return ExitCodes.DONE;
  }

  private static void refuseWords(Arguments arguments) {
    if (!arguments.words().isEmpty()) {
      throw QuernException.badRequest(
          "command",
          "serve takes flags alone, and '"
              + arguments.words().getFirst()
              + "' is none; a model is named with --model");
    }
  }

  /** An alias that can only fail is refused before anything is loaded. */
  private static void checkAliases(QuernConfiguration configuration) {
    for (Alias alias : configuration.aliases()) {
      boolean known =
          configuration.models().stream()
              .anyMatch(
                  model ->
                      model.equals(alias.model()) || ownName(model).endsWith("/" + alias.model()));
      if (!known) {
        throw QuernException.badRequest(
            "alias",
            "alias "
                + alias.name()
                + ": "
                + alias.model()
                + " is not served; served are "
                + String.join(", ", configuration.models()));
      }
    }
  }

  /** Ends with the name that a model is served under unless an alias says otherwise. */
  private static String ownName(String model) {
    return "/" + model.replaceAll("/+$", "").replaceFirst("(?i)\\.gguf$", "");
  }

  private static boolean names(Alias alias, String reference, LoadedModel model) {
    return alias.model().equals(reference) || alias.model().equals(model.id());
  }

  private static InetAddress address(ServerSettings server) {
    try {
      return InetAddress.getByName(server.host());
    } catch (UnknownHostException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "host",
          "host: '" + server.host() + "' is no address of this machine; give one, or 127.0.0.1",
          e);
    }
  }

  /** Loading may take minutes: an address that cannot be had is better known before. */
  private static void checkPort(InetAddress address, ServerSettings server) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(address, server.port()));
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE,
          "port",
          "cannot listen on %s port %d: %s; choose another --port (0 takes a free one) or --host"
              .formatted(server.host(), server.port(), e.getMessage()),
          e);
    }
  }

  private static void sayWhoMayAsk(
      InetAddress address, QuernConfiguration configuration, Console console) {
    if (configuration.keyFile().filter(ApiKeyFile::readableByOthers).isPresent()) {
      console.say("Warning: every user of this machine can read the API key file (chmod 600)");
    }
    if (!address.isLoopbackAddress() && configuration.keyFile().isEmpty()) {
      console.say(
          "Warning: anyone who reaches "
              + configuration.server().host()
              + " can use this server; --api-key-file asks for a key");
    }
  }

  private static void sayWhereToAsk(
      int port, ModelCatalog catalog, QuernConfiguration configuration, Console console) {
    String model = catalog.names().getFirst();
    Optional<String> keyFile = configuration.keyFile().map(keys -> keys.file().toString());
    console.out().println("Listening on " + url(configuration.server().host(), port));
    console.out().println("Serving " + String.join(", ", catalog.names()) + ". Try:");
    console
        .out()
        .println(
            "  "
                + CurlLine.text(
                    url(reachable(configuration.server().host()), port),
                    model,
                    catalog.named(model),
                    keyFile));
  }

  private static String url(String host, int port) {
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  /** An address that a client on this machine can use. */
  private static String reachable(String host) {
    return switch (host) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> "::1";
      default -> host;
    };
  }

  /** SIGTERM or SIGINT: the first asks to stop, the second ends the process at once. */
  private static final class StopSignal {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final AtomicInteger signals = new AtomicInteger();
    private volatile boolean serving;

    static StopSignal install() {
      StopSignal stop = new StopSignal();
      Signals.handle("TERM", stop::came);
      Signals.handle("INT", stop::came);
      return stop;
    }

    private void came() {
      if (signals.incrementAndGet() > 1) {
        Runtime.getRuntime().halt(ExitCodes.FAULT);
      }
      if (!serving) {
        // Nothing runs for anybody yet, and loading a large model is not worth waiting for.
        Runtime.getRuntime().halt(ExitCodes.DONE);
      }
      asked.countDown();
    }

    void await() {
      serving = true;
      try {
        asked.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
