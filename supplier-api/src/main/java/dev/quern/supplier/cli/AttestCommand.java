package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.supplier.attest.Agreement;
import dev.quern.supplier.attest.Attestation;
import dev.quern.supplier.attest.Endpoint;
import dev.quern.supplier.attest.Replay;
import dev.quern.supplier.attest.SigningKey;
import dev.quern.supplier.check.CheckTarget;
import dev.quern.supplier.config.ApiKeyFile;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.QuernSettings;
import dev.quern.supplier.config.Setting;
import dev.quern.supplier.config.ValueType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** {@code quern attest keygen FILE} and {@code quern attest verify URL|FILE}. */
final class AttestCommand implements Command {
  private static final int LONGEST_FILE = 1 << 20;

  private static final Setting<String> PUBLIC_NAME =
      Setting.of(
          "name",
          ValueType.text("NAME", "a model's public name"),
          "pocket_network",
          "public name of the model at the URL");
  private static final Setting<String> WEIGHTS =
      Setting.absent(
          "weights",
          ValueType.text("MODEL", "demo, a folder or the id of a model in the hub cache"),
          "none",
          "the model that is claimed: its files are hashed, and challenges replayed on both sides");
  private static final Setting<String> PUBLIC_KEY =
      Setting.absent(
          "public-key",
          ValueType.text("BASE64", "a public key as keygen prints it"),
          "any",
          "the key that must have signed");
  private static final Setting<Integer> CHALLENGES =
      Setting.of("challenges", ValueType.integer(1, 10_000), "32", "prompts to replay");
  private static final Setting<Double> TOLERANCE =
      Setting.of(
          "tolerance",
          ValueType.decimal(1, 100),
          Double.toString(Agreement.USUAL_TOLERANCE),
          "how many times as far from the weights in fp32 as its dtype takes it the URL may be");
  private static final Setting<String> DTYPE =
      Setting.of(
          QuernSettings.DTYPE.name(),
          ValueType.choice("auto", "bf16", "fp16", "fp32"),
          "auto",
          "what the URL computes in; `auto` takes what it states");
  private static final Setting<String> KEY_FILE =
      Setting.absent(
          "key-file",
          ValueType.text("FILE", "a file of API keys"),
          "none",
          "file whose first API key is sent to the URL");

  @Override
  public String name() {
    return "attest";
  }

  @Override
  public String words() {
    return "keygen FILE|verify URL|FILE";
  }

  @Override
  public String purpose() {
    return "make a signing key, or check what a server states of its model and whether it is true";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(
        PUBLIC_NAME,
        WEIGHTS,
        PUBLIC_KEY,
        CHALLENGES,
        TOLERANCE,
        CommandOptions.SEED,
        KEY_FILE,
        QuernSettings.DEVICE,
        DTYPE);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    List<String> words = arguments.words();
    if (words.size() == 2 && words.getFirst().equals("keygen")) {
      SigningKey key = SigningKey.generate(Path.of(words.getLast()));
      console.say("Wrote " + words.getLast() + "; keep it secret. Its public key:");
      console.out().println(key.publicKeyText());
      return ExitCodes.DONE;
    }
    if (words.size() == 2 && words.getFirst().equals("verify")) {
      return verify(words.getLast(), arguments, configuration, console);
    }
    throw QuernException.badRequest(
        "command", "attest takes 'keygen FILE', 'verify URL' or 'verify FILE'");
  }

  private static int verify(
      String subject, Arguments arguments, QuernConfiguration configuration, Console console) {
    boolean remote = subject.startsWith("http://") || subject.startsWith("https://");
    if (!remote) {
      return statement(Attestation.read(text(subject)), arguments, configuration, console)
          ? ExitCodes.DONE
          : ExitCodes.FAULT;
    }
    try (Endpoint endpoint =
        new Endpoint(
            CheckTarget.url(subject),
            CommandOptions.valueOrDefault(PUBLIC_NAME, arguments),
            CommandOptions.value(KEY_FILE, arguments).map(AttestCommand::firstKey))) {
      Attestation attestation = endpoint.attestation();
      boolean holds = statement(attestation, arguments, configuration, console);
      boolean agrees = replay(endpoint, attestation, arguments, configuration, console);
      return holds && agrees ? ExitCodes.DONE : ExitCodes.FAULT;
    }
  }

  /** Checks what can be checked without asking the model. */
  private static boolean statement(
      Attestation attestation,
      Arguments arguments,
      QuernConfiguration configuration,
      Console console) {
    console.out().println("Statement  " + attestation.statement());
    boolean holds = said(console, "Signature", attestation.signatureHolds(), "");
    Optional<String> signer = CommandOptions.value(PUBLIC_KEY, arguments);
    if (signer.isPresent()) {
      boolean same = signer.get().equals(attestation.publicKey());
      holds &= said(console, "Signer", same, "signed by " + attestation.publicKey());
    }
    Optional<String> weights = CommandOptions.value(WEIGHTS, arguments);
    if (weights.isPresent()) {
      Path model =
          Checkpoint.open(ModelLoader.folder(weights.get(), configuration, console)).path();
      String digest = CheckpointManifest.compute(model).digest();
      boolean same = digest.equals(attestation.stated("checkpoint_digest"));
      holds &= said(console, "Digest", same, "the files here have " + digest);
    }
    return holds;
  }

  private static boolean replay(
      Endpoint endpoint,
      Attestation attestation,
      Arguments arguments,
      QuernConfiguration configuration,
      Console console) {
    Optional<String> weights = CommandOptions.value(WEIGHTS, arguments);
    if (weights.isEmpty()) {
      console.say("No --weights: the model's answers were not compared");
      return true;
    }
    DType dtype =
        configuration.loading(weights.get()).dtype().orElseGet(() -> statedDtype(attestation));
    int count = CommandOptions.valueOrDefault(CHALLENGES, arguments);
    long seed =
        CommandOptions.value(CommandOptions.SEED, arguments)
            .orElseGet(() -> new SecureRandom().nextLong());
    NativeLibraries.prepare(configuration.cache(), console.environment(), console::say);
    try (ModelRuntime runtime = new ModelRuntime()) {
      Function<DType, LoadedLanguageModel> loader =
          type -> load(runtime, weights.get(), type, configuration, console);
      Agreement agreement = Replay.compare(loader, dtype, endpoint, count, seed);
      double tolerance = CommandOptions.valueOrDefault(TOLERANCE, arguments);
      return said(
          console,
          "Agreement",
          agreement.within(tolerance),
          AgreementText.of(agreement, dtype, tolerance));
    }
  }

  private static LoadedLanguageModel load(
      ModelRuntime runtime,
      String weights,
      DType dtype,
      QuernConfiguration configuration,
      Console console) {
    ModelSettings settings = configuration.loading(weights).withDtype(dtype);
    LoadedModel model = ModelLoader.load(runtime, weights, configuration, settings, console);
    return switch (model) {
      case LoadedLanguageModel language -> language;
      case LoadedEncoder encoder ->
          throw QuernException.badRequest("weights", "weights: only language models are replayed");
    };
  }

  private static DType statedDtype(Attestation attestation) {
    String stated = attestation.stated("dtype");
    return Arrays.stream(DType.values())
        .filter(type -> type.name().equalsIgnoreCase(stated))
        .findFirst()
        .orElseThrow(
            () ->
                QuernException.badRequest(
                    "dtype",
                    "the statement's dtype '"
                        + stated
                        + "' is none that is known here; say with --dtype what it computes in"));
  }

  private static boolean said(Console console, String what, boolean holds, String detail) {
    console
        .out()
        .println("%-10s %s  %s".formatted(what, holds ? "pass" : "FAIL", detail).stripTrailing());
    return holds;
  }

  private static String firstKey(String file) {
    return ApiKeyFile.read(Path.of(file)).keys().iterator().next();
  }

  private static String text(String file) {
    try {
      Path path = Path.of(file);
      if (Files.size(path) > LONGEST_FILE) {
        throw QuernException.badRequest("file", file + " is too long for an attestation");
      }
      return Files.readString(path);
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND, "file", file + " cannot be read; give a URL or a file", e);
    }
  }
}
