package dev.quern.supplier.http;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.generation.GenerationPlan;
import dev.quern.supplier.http.generation.PromptPlanner;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.ServedModels;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.http.openai.AnswerHead;
import dev.quern.supplier.http.openai.AnswerRenderer;
import dev.quern.supplier.http.openai.ChatRenderer;
import dev.quern.supplier.http.openai.ChatRequest;
import dev.quern.supplier.http.openai.CompletionRenderer;
import dev.quern.supplier.http.openai.CompletionRequest;
import dev.quern.supplier.http.openai.Envelope;
import dev.quern.supplier.http.openai.InformationJson;
import dev.quern.supplier.http.openai.TokenizeRequest;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The routes that take a JSON body. Bodies arrive on the event loop; the rest is the workers'. */
final class JsonRoutes {
  private final ModelCatalog catalog;
  private final ServedModels models;
  private final ServerMetrics metrics;
  private final Workers workers;
  private final BodyIntake bodies;
  private final ServerLimits limits;
  private final InFlight inFlight;

  JsonRoutes(
      ModelCatalog catalog,
      ServedModels models,
      ServerMetrics metrics,
      Workers workers,
      BodyIntake bodies,
      ServerLimits limits,
      InFlight inFlight) {
    this.catalog = catalog;
    this.models = models;
    this.metrics = metrics;
    this.workers = workers;
    this.bodies = bodies;
    this.limits = limits;
    this.inFlight = inFlight;
  }

  void chat(Exchange exchange) {
    bodies.receive(
        exchange,
        body -> {
          ChatRequest request = ChatRequest.read(body, name -> models.named(name).defaults());
          ServedModel model = models.named(request.envelope().model());
          AnswerHead head = head("chatcmpl-", request.envelope(), model);
          GenerationPlan plan = PromptPlanner.plan(request, model, head.id());
          run(exchange, plan, new ChatRenderer(head));
        });
  }

  void completion(Exchange exchange) {
    bodies.receive(
        exchange,
        body -> {
          CompletionRequest request =
              CompletionRequest.read(body, name -> models.named(name).defaults());
          ServedModel model = models.named(request.envelope().model());
          AnswerHead head = head("cmpl-", request.envelope(), model);
          GenerationPlan plan = PromptPlanner.plan(request, model, head.id());
          run(exchange, plan, new CompletionRenderer(head));
        });
  }

  void tokenize(Exchange exchange) {
    bodies.receive(
        exchange,
        body -> {
          TokenizeRequest request = TokenizeRequest.read(body);
          LoadedModel model = anyModel(request.model());
          String text = request.text().orElseGet(() -> conversation(request));
          int[] ids = model.tokenizer().encode(text, request.addSpecialTokens());
          Optional<List<String>> spellings =
              request.returnTokenStrings()
                  ? Optional.of(Arrays.stream(ids).mapToObj(model.tokenizer()::tokenText).toList())
                  : Optional.empty();
          answer(exchange, InformationJson.tokens(ids, spellings, model.maxTokens()));
        });
  }

  void detokenize(Exchange exchange) {
    bodies.receive(
        exchange,
        body -> {
          TokenizeRequest.Reverse request = TokenizeRequest.Reverse.read(body);
          LoadedModel model = anyModel(request.model());
          PromptPlanner.checkIds("tokens", request.tokens(), model.tokenizer().vocabularySize());
          answer(exchange, InformationJson.text(model.tokenizer().decode(request.tokens(), false)));
        });
  }

  private void run(Exchange exchange, GenerationPlan planned, AnswerRenderer renderer) {
    GenerationPlan plan = exchange.isRelay() ? planned.asRelay() : planned;
    GenerationCall.Delivery delivery =
        plan.envelope().stream()
            ? new EventStreamDelivery(exchange, renderer, plan.envelope(), limits)
            : new WholeDelivery(exchange, renderer);
    GenerationCall call =
        new GenerationCall(plan, delivery, metrics, workers.output(), inFlight::leave);
    inFlight.enter();
    call.start();
    exchange.onEventLoop(() -> exchange.whenDisconnected(call::cancel));
  }

  /** Any kind of model has a tokenizer. */
  private LoadedModel anyModel(Optional<String> name) {
    return name.map(catalog::named).orElseGet(catalog::only);
  }

  private String conversation(TokenizeRequest request) {
    ServedModel model = request.model().map(models::named).orElseGet(models::only);
    return model.template().render(request.chat());
  }

  private static AnswerHead head(String prefix, Envelope envelope, ServedModel model) {
    String id = envelope.requestId().orElseGet(() -> UUID.randomUUID().toString().replace("-", ""));
    return new AnswerHead(
        prefix + id, Instant.now().getEpochSecond(), envelope.model(), model.fingerprint());
  }

  private static void answer(Exchange exchange, byte[] body) {
    exchange.answer(200, Exchange.JSON, body);
  }
}
