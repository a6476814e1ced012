package dev.quern.engine.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.RerankTemplate;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.engine.text.EncodedText;
import dev.quern.engine.text.FastTokenizer;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The queue, the passes and the tokenising, with an encoder that tells what it was given. */
@Timeout(120)
class EncoderEngineTest {
  private static final String LONG = "word ".repeat(100);

  private static DeviceThread device;
  private static FastTokenizer tokenizer;

  @BeforeAll
  static void open() throws URISyntaxException {
    device = DeviceThread.start("test", () -> TorchBackend.open(1));
    Path file =
        Path.of(
            Objects.requireNonNull(
                    EncoderEngineTest.class.getResource(
                        "/tokenizers/wordpiece-pair/tokenizer.json"))
                .toURI());
    tokenizer = FastTokenizer.load(Objects.requireNonNull(file.getParent()));
  }

  @AfterAll
  static void close() {
    device.close();
    tokenizer.close();
  }

  @Test
  void rowsComeInTheOrderOfTheTextsWhateverThePasses() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 16, 100);
        encoder.gate) {
      List<EncoderText> texts = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        texts.add(new EncoderText.Text("word ".repeat(i % 9) + i));
      }
      encoder.open();
      EncodingResult result = encode(engine, request(texts));
      int total = 0;
      for (int i = 0; i < texts.size(); i++) {
        int[] ids = tokenizer.encode("word ".repeat(i % 9) + i, true);
        assertArrayEquals(GatedEncoder.row(EncoderInput.of(ids)), result.rows()[i]);
        assertEquals(ids.length, result.tokens()[i]);
        total += ids.length;
      }
      assertEquals(total, result.totalTokens());
      for (List<Integer> pass : encoder.passes) {
        int tokens = pass.stream().mapToInt(Integer::intValue).sum();
        assertTrue(tokens <= 16 || pass.size() == 1, pass.toString());
      }
      assertEquals(total, engine.snapshot().tokens());
      assertEquals(100, engine.snapshot().inputs());
      assertEquals(0, engine.snapshot().waitingInputs());
      assertTrue(result.times().total() >= result.times().inference());
    }
    assertTrue(encoder.closed);
  }

  @Test
  void whatWaitsTogetherIsComputedTogether() throws Exception {
    GatedEncoder encoder = encoder(plain());
    List<Integer> sizes = new ArrayList<>();
    try (EncoderEngine engine = engine(encoder, 1000, 100);
        encoder.gate) {
      engine.addPassListener((inputs, tokens, nanos) -> sizes.add(inputs));
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(submit(engine, request(text("a b c"))));
        if (i == 0) {
          awaitEmptyQueue(engine);
        }
      }
      encoder.open();
      for (Answer answer : answers) {
        answer.result();
      }
    }
    assertEquals(List.of(1, 19), sizes);
  }

  @Test
  void clientsThatLeftAreSkipped() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 1000, 100);
        encoder.gate) {
      Answer first = submit(engine, request(text("a")));
      awaitEmptyQueue(engine);
      AtomicBoolean left = new AtomicBoolean();
      Answer cancelled = submit(engine, request(List.of(text("b")), 0, left::get));
      Answer last = submit(engine, request(text("c d")));
      left.set(true);
      encoder.open();
      first.result();
      last.result();
      assertEquals(ErrorCategory.UNAVAILABLE, cancelled.error().category());
      assertEquals(2, engine.snapshot().inputs());
      assertThrows(
          QuernException.class,
          () -> engine.submit(request(List.of(text("b")), 0, () -> true), new Answer()));
      assertEquals(0, engine.snapshot().requests());
    }
  }

  @Test
  void relaysComeAfterTheOperatorsOwn() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 6, 100);
        encoder.gate) {
      Answer first = submit(engine, request(text("a")));
      awaitEmptyQueue(engine);
      Answer relay =
          submit(
              engine,
              request(
                  List.of(text("a b c d")),
                  EncodingRequest.RELAY_PRIORITY,
                  EncoderEngineTest::nobodyLeaves));
      Answer own = submit(engine, request(text("a b")));
      encoder.open();
      first.result();
      relay.result();
      own.result();
      int relayTokens = relay.result().totalTokens();
      int ownTokens = own.result().totalTokens();
      List<Integer> order = encoder.passes.stream().flatMap(List::stream).toList();
      assertEquals(List.of(ownTokens, relayTokens), order.subList(1, 3));
    }
  }

  @Test
  void whatIsTooLongIsRefusedWithTheNumbersOrCutWhereAsked() throws Exception {
    GatedEncoder encoder = encoder(plain());
    encoder.open();
    try (EncoderEngine engine = engine(encoder, 100, 100);
        encoder.gate) {
      int[] whole = tokenizer.encode(LONG, true);
      InputTooLongException error =
          assertThrows(
              InputTooLongException.class, () -> engine.submit(request(text(LONG)), new Answer()));
      assertEquals("inputs", error.field());
      assertTrue(error.message().contains("32 tokens"), error.message());
      assertTrue(error.message().contains(String.valueOf(whole.length)), error.message());
      // Megabytes are refused without being tokenised.
      InputTooLongException huge =
          assertThrows(
              InputTooLongException.class,
              () -> engine.submit(request(text(LONG.repeat(20_000))), new Answer()));
      assertTrue(huge.message().contains("10000000 characters"), huge.message());
      for (EncodedText.Side cut : EncodedText.Side.values()) {
        EncodingRequest cutRequest =
            request(
                List.of(text(LONG), new EncoderText.Tokens(whole), text(LONG.repeat(20_000))),
                Truncation.at(cut));
        assertArrayEquals(new int[] {32, 32, 32}, encode(engine, cutRequest).tokens());
        EncodingRequest shorter = request(List.of(text(LONG)), new Truncation(Optional.of(cut), 5));
        assertArrayEquals(new int[] {5}, encode(engine, shorter).tokens());
      }
      assertEquals(0, engine.snapshot().requests(), "refused requests leave nothing");
    }
  }

  @Test
  void oneBadInputFailsItsOwnRequestAlone() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 1000, 100);
        encoder.gate) {
      Answer first = submit(engine, request(text("a")));
      awaitEmptyQueue(engine);
      List<Answer> good = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        good.add(submit(engine, request(text("good"))));
      }
      Answer bad =
          submit(
              engine,
              request(
                  List.of(text("x"), new EncoderText.Tokens(new int[] {GatedEncoder.BAD_TOKEN}))));
      good.add(submit(engine, request(text("good"))));
      encoder.open();
      first.result();
      for (Answer answer : good) {
        answer.result();
      }
      assertEquals(ErrorCategory.BAD_REQUEST, bad.error().category());
      assertTrue(engine.snapshot().healthy());
    }
  }

  @Test
  void aPassThatDoesNotFitTheMemoryIsSplit() throws Exception {
    GatedEncoder encoder = new GatedEncoder(plain(), 40);
    encoder.open();
    try (EncoderEngine engine = engine(encoder, 1000, 100);
        encoder.gate) {
      List<EncoderText> texts = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        texts.add(text("a b c"));
      }
      assertEquals(40, encode(engine, request(texts)).rows().length);
      for (List<Integer> pass : encoder.passes) {
        assertTrue(pass.stream().mapToInt(Integer::intValue).sum() <= 40);
      }
    }
  }

  @Test
  void aFailedPassCostsItsRequestsAndTheEngineGoesOn() throws Exception {
    GatedEncoder encoder = encoder(plain());
    encoder.open();
    try (EncoderEngine engine = engine(encoder, 1000, 100);
        encoder.gate) {
      EncodingRequest fatal =
          request(List.of(new EncoderText.Tokens(new int[] {GatedEncoder.FATAL_TOKEN})));
      for (int i = 0; i < 3; i++) {
        assertEquals(ErrorCategory.UNAVAILABLE, submit(engine, fatal).error().category());
      }
      awaitUnhealthy(engine);
      assertEquals(1, encode(engine, request(text("a"))).rows().length);
      encode(engine, request(text("a")));
      assertTrue(engine.snapshot().healthy());
      assertEquals(3, engine.snapshot().failedPasses());
    }
  }

  @Test
  void theQueueIsBounded() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 4, 3);
        encoder.gate) {
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        answers.add(submit(engine, request(text("a"))));
      }
      QuernException full =
          assertThrows(QuernException.class, () -> engine.submit(request(text("a")), new Answer()));
      assertEquals(ErrorCategory.OVERLOADED, full.category());
      assertTrue(full.message().contains("--max-waiting"), full.message());
      encoder.open();
      for (Answer answer : answers) {
        answer.result();
      }
      // Tokens are bounded too: 64 passes of what the longest text may have.
      encoder.shut();
      Answer running = submit(engine, request(text("a")));
      awaitEmptyQueue(engine);
      List<EncoderText> many = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        many.add(text("a b c"));
      }
      QuernException tokens =
          assertThrows(QuernException.class, () -> engine.submit(request(many), new Answer()));
      assertEquals(ErrorCategory.OVERLOADED, tokens.category());
      assertTrue(tokens.message().contains("tokens are waiting"), tokens.message());
      encoder.open();
      running.result();
      assertEquals(1, encode(engine, request(text("a"))).rows().length);
    }
  }

  @Test
  void drainingLetsWorkFinish() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 100, 100);
        encoder.gate) {
      Answer running = submit(engine, request(text("a")));
      Thread drain = Thread.ofVirtual().start(() -> engine.drain(60_000));
      while (!closingRefuses(engine)) {
        Thread.onSpinWait();
      }
      encoder.open();
      running.result();
      drain.join();
    }
  }

  @Test
  void closingFailsWhatWaits() throws Exception {
    GatedEncoder encoder = encoder(plain());
    try (EncoderEngine engine = engine(encoder, 3, 100);
        encoder.gate) {
      Answer inPass = submit(engine, request(text("a")));
      awaitEmptyQueue(engine);
      Answer waiting = submit(engine, request(text("b")));
      Thread close = Thread.ofVirtual().start(engine::close);
      while (!closingRefuses(engine)) {
        Thread.onSpinWait();
      }
      encoder.open();
      close.join();
      inPass.result();
      assertEquals(ErrorCategory.UNAVAILABLE, waiting.error().category());
      assertTrue(encoder.closed);
    }
  }

  @Test
  void aTestThatFailsAtAShutGateDoesNotWaitThere() throws Exception {
    GatedEncoder encoder = encoder(plain());
    Answer answer = new Answer();
    assertThrows(
        IllegalStateException.class,
        () -> {
          try (EncoderEngine engine = engine(encoder, 100, 100);
              encoder.gate) {
            engine.submit(request(text("a")), answer);
            awaitEmptyQueue(engine);
            throw new IllegalStateException("a check that failed");
          }
        });
    assertTrue(encoder.closed);
    assertEquals(1, answer.calls.get());
  }

  @Test
  void promptsPrecedeTextsAndMayBeLeftOutOfPooling() throws Exception {
    Map<String, String> prompts = Map.of("query", "search for: ", "document", "");
    GatedEncoder encoder = encoder(GatedEncoder.description(prompts, false, Optional.empty()));
    encoder.open();
    try (EncoderEngine engine = engine(encoder, 100, 100);
        encoder.gate) {
      EncodingRequest request =
          new EncodingRequest(
              "inputs",
              List.of(text("fish")),
              Optional.of("query"),
              Truncation.NONE,
              0,
              EncoderEngineTest::nobodyLeaves);
      int[] ids = tokenizer.encode("search for: fish", true);
      int leading = tokenizer.encode("search for: ", true).length - 1;
      assertArrayEquals(
          GatedEncoder.row(new EncoderInput(ids, new int[ids.length], leading)),
          encode(engine, request).rows()[0]);
      QuernException unknown =
          assertThrows(
              QuernException.class,
              () ->
                  engine.submit(
                      new EncodingRequest(
                          "inputs",
                          List.of(text("fish")),
                          Optional.of("passage"),
                          Truncation.NONE,
                          0,
                          EncoderEngineTest::nobodyLeaves),
                      new Answer()));
      assertEquals("prompt_name", unknown.field());
      assertTrue(unknown.message().contains("document, query"), unknown.message());
    }
  }

  @Test
  void pairsAreJoinedByTheTokenizerOrByTheModelsOwnTemplate() throws Exception {
    GatedEncoder plain = encoder(plain());
    plain.open();
    try (EncoderEngine engine = engine(plain, 100, 100);
        plain.gate) {
      EncodedText pair = tokenizer.encodePair("one", "two words");
      assertArrayEquals(
          GatedEncoder.row(new EncoderInput(pair.ids(), pair.typeIds())),
          encode(engine, request(new EncoderText.Pair("one", "two words"))).rows()[0]);
    }
    RerankTemplate template = new RerankTemplate("judge ", " now", "relevance");
    GatedEncoder judge = encoder(GatedEncoder.description(Map.of(), true, Optional.of(template)));
    judge.open();
    try (EncoderEngine engine = engine(judge, 100, 100);
        judge.gate) {
      EncodingRequest cut =
          request(List.of(new EncoderText.Pair("q", LONG)), Truncation.at(EncodedText.Side.END));
      EncodingResult result = encode(engine, cut);
      int[] prefix = tokenizer.encode("judge ", false);
      int[] suffix = tokenizer.encode(" now", false);
      int[] body = tokenizer.encode(template.body("relevance", "q", LONG), false);
      int[] expected = new int[GatedEncoder.MAX_TOKENS];
      System.arraycopy(body, 0, expected, prefix.length, expected.length - prefix.length);
      System.arraycopy(prefix, 0, expected, 0, prefix.length);
      System.arraycopy(suffix, 0, expected, expected.length - suffix.length, suffix.length);
      assertArrayEquals(GatedEncoder.row(EncoderInput.of(expected)), result.rows()[0]);
      assertThrows(
          InputTooLongException.class,
          () -> engine.submit(request(new EncoderText.Pair("q", LONG)), new Answer()));
    }
  }

  @Test
  void everyRequestIsAnsweredOnceWhateverComesBetween() throws Exception {
    GatedEncoder encoder = encoder(plain());
    encoder.open();
    List<Answer> answers = new ArrayList<>();
    try (EncoderEngine engine = engine(encoder, 30, 20);
        encoder.gate;
        ExecutorService clients = Executors.newFixedThreadPool(12)) {
      List<Future<List<Answer>>> runs = new ArrayList<>();
      for (int client = 0; client < 12; client++) {
        Random random = new Random(client);
        runs.add(
            clients.submit(
                () -> {
                  List<Answer> own = new ArrayList<>();
                  for (int i = 0; i < 60; i++) {
                    own.add(submitAtRandom(engine, random));
                  }
                  return own;
                }));
      }
      for (Future<List<Answer>> run : runs) {
        answers.addAll(run.get(60, TimeUnit.SECONDS));
      }
      engine.drain(60_000);
      assertEquals(0, engine.snapshot().requests());
    }
    assertEquals(720, answers.size());
    assertTrue(answers.stream().allMatch(answer -> answer.calls.get() <= 1));
    assertTrue(answers.stream().anyMatch(answer -> answer.calls.get() == 1), "some were taken");
  }

  private static Answer submitAtRandom(EncoderEngine engine, Random random) {
    List<EncoderText> texts = new ArrayList<>();
    for (int n = random.nextInt(30) + 1; n > 0; n--) {
      texts.add(text("w ".repeat(random.nextInt(12))));
    }
    if (random.nextInt(10) == 0) {
      texts.add(new EncoderText.Tokens(new int[] {GatedEncoder.BAD_TOKEN}));
    }
    boolean leaves = random.nextInt(4) == 0;
    Answer answer = new Answer();
    try {
      BooleanSupplier left = () -> leaves && ThreadLocalRandom.current().nextBoolean();
      engine.submit(request(texts, 0, left), answer);
    } catch (QuernException e) {
      assertEquals(0, answer.calls.get(), "refused, so not answered");
    }
    return answer;
  }

  private static boolean closingRefuses(EncoderEngine engine) {
    try {
      engine.submit(request(List.of(text("c")), 0, () -> true), new Answer());
      return false;
    } catch (QuernException e) {
      return e.message().contains("shutting down");
    }
  }

  private static EncoderDescription plain() {
    return GatedEncoder.description(Map.of(), true, Optional.empty());
  }

  private static GatedEncoder encoder(EncoderDescription description) {
    return new GatedEncoder(description, Integer.MAX_VALUE);
  }

  private static EncoderEngine engine(GatedEncoder encoder, int maxBatchTokens, int maxWaiting) {
    return EncoderEngine.start(
        device,
        backend -> encoder,
        tokenizer,
        new EncoderSettings("test", maxBatchTokens, maxWaiting, 3),
        // It stands: how long a pass is held at the gate is not to size the next one.
        () -> 0);
  }

  private static boolean nobodyLeaves() {
    return false;
  }

  private static EncoderText text(String text) {
    return new EncoderText.Text(text);
  }

  private static EncodingRequest request(EncoderText text) {
    return request(List.of(text));
  }

  private static EncodingRequest request(List<EncoderText> texts) {
    return request(texts, Truncation.NONE);
  }

  private static EncodingRequest request(List<EncoderText> texts, Truncation truncation) {
    return new EncodingRequest(
        "inputs", texts, Optional.empty(), truncation, 0, EncoderEngineTest::nobodyLeaves);
  }

  private static EncodingRequest request(
      List<EncoderText> texts, int priority, BooleanSupplier cancelled) {
    return new EncodingRequest(
        "inputs", texts, Optional.empty(), Truncation.NONE, priority, cancelled);
  }

  private static Answer submit(EncoderEngine engine, EncodingRequest request) {
    Answer answer = new Answer();
    engine.submit(request, answer);
    return answer;
  }

  private static EncodingResult encode(EncoderEngine engine, EncodingRequest request)
      throws Exception {
    return submit(engine, request).result();
  }

  /** Until the device has taken what waits into a pass. */
  private static void awaitEmptyQueue(EncoderEngine engine) throws InterruptedException {
    while (engine.snapshot().waitingInputs() > 0) {
      Thread.sleep(1);
    }
  }

  private static void awaitUnhealthy(EncoderEngine engine) throws InterruptedException {
    while (engine.snapshot().healthy()) {
      Thread.sleep(1);
    }
  }
}
