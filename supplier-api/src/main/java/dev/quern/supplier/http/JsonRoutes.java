package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.generation.GenerationPlan;
import dev.quern.supplier.http.generation.PromptPlanner;
import dev.quern.supplier.http.generation.ServedModel;
import dev.quern.supplier.http.generation.ServedModels;
import dev.quern.supplier.http.metrics.RelayMetrics;
import dev.quern.supplier.http.metrics.ServerMetrics;
import dev.quern.supplier.http.openai.AnswerHead;
import dev.quern.supplier.http.openai.AnswerRenderer;
import dev.quern.supplier.http.openai.ChatRenderer;
import dev.quern.supplier.http.openai.ChatRequest;
import dev.quern.supplier.http.openai.CompletionRenderer;
import dev.quern.supplier.http.openai.CompletionRequest;
import dev.quern.supplier.http.openai.Envelope;
import dev.quern.supplier.http.openai.InformationJson;
import dev.quern.supplier.http.openai.SamplingOptions;
import dev.quern.supplier.http.openai.TokenizeRequest;
import dev.quern.supplier.relay.PathSafeRenderer;
import dev.quern.supplier.relay.RelayAdmission;
import dev.quern.supplier.relay.RelaySettings;
import dev.quern.supplier.relay.SafeWords;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/** The routes that take a JSON body. Bodies arrive on the event loop; the rest is the workers'. */
final class JsonRoutes {
  private final ModelCatalog catalog;
  private final ServedModels models;
  private final ServerMetrics metrics;
  private final Workers workers;
  private final BodyIntake bodies;
  private final ServerLimits limits;
  private final RelaySettings relays;
  private final InFlight inFlight;

  JsonRoutes(
      ModelCatalog catalog,
      ServedModels models,
      ServerMetrics metrics,
      Workers workers,
      BodyIntake bodies,
      ServerLimits limits,
      RelaySettings relays,
      InFlight inFlight) {
    this.catalog = catalog;
    this.models = models;
    this.metrics = metrics;
    this.workers = workers;
    this.bodies = bodies;
    this.limits = limits;
    this.relays = relays;
    this.inFlight = inFlight;
  }

  void chat(Exchange exchange) {
    withBody(
        exchange,
        body -> {
          ChatRequest request = ChatRequest.read(body, name -> models.named(name).defaults());
          ServedModel model = models.named(request.envelope().model());
          AnswerHead head = head(exchange, "chatcmpl-", request.envelope(), model);
          GenerationPlan plan =
              PromptPlanner.plan(
                  request.sampled(admitted(exchange, request.sampling())), model, head.id());
          run(exchange, plan, request.sampling(), new ChatRenderer(head));
        });
  }

  void completion(Exchange exchange) {
    withBody(
        exchange,
        body -> {
          CompletionRequest request =
              CompletionRequest.read(body, name -> models.named(name).defaults());
          ServedModel model = models.named(request.envelope().model());
          AnswerHead head = head(exchange, "cmpl-", request.envelope(), model);
          GenerationPlan plan =
              PromptPlanner.plan(
                  request.sampled(admitted(exchange, request.sampling())), model, head.id());
          run(exchange, plan, request.sampling(), new CompletionRenderer(head));
        });
  }

  void tokenize(Exchange exchange) {
    withBody(
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
    withBody(
        exchange,
        body -> {
          TokenizeRequest.Reverse request = TokenizeRequest.Reverse.read(body);
          LoadedModel model = anyModel(request.model());
          PromptPlanner.checkIds("tokens", request.tokens(), model.tokenizer().vocabularySize());
          answer(exchange, InformationJson.text(model.tokenizer().decode(request.tokens(), false)));
        });
  }

  private void withBody(Exchange exchange, Consumer<ObjectNode> work) {
    bodies.receive(
        exchange,
        body -> {
          models.nameDefault(body);
          work.accept(body);
        });
  }

  private SamplingOptions admitted(Exchange exchange, SamplingOptions asked) {
    return exchange.relay().isPresent() ? relays.limits().admit(asked) : asked;
  }

  private void run(
      Exchange exchange, GenerationPlan planned, SamplingOptions asked, AnswerRenderer renderer) {
    boolean relay = exchange.relay().isPresent();
    if (relay) {
      relays.limits().checkPrompt(planned.longestPrompt());
    }
    GenerationPlan plan = relay ? planned.asRelay(relays.limits().mostTokens(asked)) : planned;
    GenerationCall.Delivery delivery =
        delivery(exchange, plan, relay ? new PathSafeRenderer(renderer) : renderer);
    GenerationCall call =
        new GenerationCall(
            plan,
            delivery,
            metrics.relays().observer(exchange.relay(), metrics),
            workers.output(),
            inFlight::leave);
    inFlight.enter();
    call.start();
    exchange.onEventLoop(
        () -> {
          exchange.whenDisconnected(call::cancel);
          exchange.whenLate(() -> late(call));
        });
  }

  private void late(GenerationCall call) {
    metrics.relays().late(call.begun() ? RelayMetrics.Late.RUNNING : RelayMetrics.Late.QUEUED);
    call.abort(RelayAdmission.late());
  }

  /** Any kind of model has a tokenizer. */
  private LoadedModel anyModel(Optional<String> name) {
    return name.map(catalog::named).orElseGet(catalog::only);
  }

  private String conversation(TokenizeRequest request) {
    ServedModel model = request.model().map(models::named).orElseGet(models::only);
    return model.template().render(request.chat());
  }

  private GenerationCall.Delivery delivery(
      Exchange exchange, GenerationPlan plan, AnswerRenderer renderer) {
    if (plan.envelope().stream()) {
      return new EventStreamDelivery(exchange, renderer, plan.envelope(), limits);
    }
    return plan.relay()
        ? new EarlyDelivery(exchange, renderer)
        : new WholeDelivery(exchange, renderer);
  }

  private static AnswerHead head(
      Exchange exchange, String prefix, Envelope envelope, ServedModel model) {
    String id =
        envelope
            .requestId()
            // The id stands where gateways look for words.
            .filter(asked -> exchange.relay().isEmpty() || SafeWords.safe(asked))
            .orElseGet(() -> UUID.randomUUID().toString().replace("-", ""));
    return new AnswerHead(
        prefix + id, Instant.now().getEpochSecond(), envelope.model(), model.fingerprint());
  }

  private static void answer(Exchange exchange, byte[] body) {
    exchange.answer(200, Exchange.JSON, body);
  }
}
