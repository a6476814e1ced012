package dev.quern.supplier.http;

import dev.quern.supplier.http.generation.ServedModels;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.http.openai.InformationJson;
import dev.quern.supplier.http.openai.OpenApiDocument;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/** The routes that tell of the server and its models. */
final class InformationRoutes {
  private final ServedModels models;
  private final PoktRoutes pokt;
  private final ServerMetrics metrics;
  private final BooleanSupplier draining;
  private final String version;
  private final long started = Instant.now().getEpochSecond();
  private final byte[] openApi;

  InformationRoutes(
      ServedModels models,
      PoktRoutes pokt,
      ServerMetrics metrics,
      String version,
      BooleanSupplier draining) {
    this.models = models;
    this.pokt = pokt;
    this.metrics = metrics;
    this.version = version;
    this.draining = draining;
    this.openApi = OpenApiDocument.render(version);
  }

  void models(Exchange exchange) {
    answer(exchange, InformationJson.models(models.names().stream().map(this::card).toList()));
  }

  void model(Exchange exchange, String name) {
    answer(exchange, InformationJson.model(card(name)));
  }

  void health(Exchange exchange) {
    if (draining.getAsBoolean()) {
      exchange.answer(503, Exchange.JSON, InformationJson.health("draining"));
    } else if (models.healthy()) {
      answer(exchange, InformationJson.health("ok"));
    } else {
      exchange.answer(503, Exchange.JSON, InformationJson.health("no model is ready"));
    }
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
        name, started, models.named(name).engine().maxModelLength(), pokt.digest(name));
  }

  private static void answer(Exchange exchange, byte[] body) {
    exchange.answer(200, Exchange.JSON, body);
  }
}
