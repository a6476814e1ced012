package dev.quern.supplier.http;

import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import dev.quern.supplier.http.encoder.ModelInfo;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.http.openai.InformationJson;
import dev.quern.supplier.http.openai.OpenApiDocument;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The routes that tell of the server and its models. */
final class InformationRoutes {
  private final ModelCatalog catalog;
  private final EncoderRouteSettings encoders;
  private final PoktRoutes pokt;
  private final ServerMetrics metrics;
  private final Readiness readiness;
  private final String version;
  private final long started = Instant.now().getEpochSecond();
  private final byte[] openApi;

  InformationRoutes(
      ModelCatalog catalog,
      EncoderRouteSettings encoders,
      PoktRoutes pokt,
      ServerMetrics metrics,
      String version,
      Readiness readiness) {
    this.catalog = catalog;
    this.encoders = encoders;
    this.pokt = pokt;
    this.metrics = metrics;
    this.version = version;
    this.readiness = readiness;
    this.openApi = OpenApiDocument.render(version);
  }

  /** Miners take any entry for a model that answers: there is none while that is not so. */
  void models(Exchange exchange) {
    List<String> ready = readiness.fault().isEmpty() ? catalog.names() : List.of();
    answer(exchange, InformationJson.models(ready.stream().map(this::card).toList()));
  }

  void model(Exchange exchange, String name) {
    answer(exchange, InformationJson.model(card(name)));
  }

  void health(Exchange exchange) {
    Optional<String> fault = readiness.fault();
    if (fault.isPresent()) {
      exchange.answer(503, Exchange.JSON, InformationJson.health(fault.get()));
    } else {
      answer(exchange, InformationJson.health("ok"));
    }
  }

  /** One model, named by the query's {@code model} where there are several. */
  void info(Exchange exchange) {
    String asked = exchange.request().getParam("model");
    LoadedModel model = asked == null ? infoModel() : catalog.named(asked);
    String name = asked == null ? nameOf(model) : asked;
    answer(exchange, ModelInfo.render(model, name, encoders, version));
  }

  /** TEI's clients know one model: the only encoder, else the only model. */
  private LoadedModel infoModel() {
    List<LoadedModel> found =
        catalog.models().stream().filter(LoadedEncoder.class::isInstance).toList();
    return found.size() == 1 ? found.getFirst() : catalog.only();
  }

  private String nameOf(LoadedModel model) {
    return catalog.names().stream()
        .filter(name -> catalog.named(name) == model)
        .findFirst()
        .orElseThrow();
  }

  void version(Exchange exchange) {
    answer(exchange, InformationJson.version(version));
  }

  void root(Exchange exchange) {
    answer(exchange, InformationJson.root(version));
  }

  void rootHead(Exchange exchange) {
    answer(exchange, new byte[0]);
  }

  void openApi(Exchange exchange) {
    answer(exchange, openApi);
  }

  /** Reads files of the kernel's: not on the event loop. */
  void metrics(Exchange exchange) {
    exchange
        .context()
        .owner()
        .executeBlocking(() -> metrics.text().getBytes(StandardCharsets.UTF_8), false)
        .onSuccess(text -> exchange.answer(200, ServerMetrics.CONTENT_TYPE, text))
        .onFailure(exchange::fail);
  }

  private InformationJson.ModelCard card(String name) {
    return new InformationJson.ModelCard(
        name, started, catalog.named(name).maxTokens(), pokt.digest(name));
  }

  private static void answer(Exchange exchange, byte[] body) {
    exchange.answer(200, Exchange.JSON, body);
  }
}
