package dev.quern.supplier.relay;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.ModelFiles;
import dev.quern.store.QuernException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the network's testers ask of a model: its tokenizer and its configuration, as the files of
 * the checkpoint have them, without the checkpoint's own name.
 *
 * <p>A GGUF model has neither: they are what Quern makes of the file's metadata, in the terms of
 * the Hugging Face layout.
 *
 * <p>Reads and hashes megabytes: for worker threads. Every answer is exactly {@link
 * PythonJson#dumps} of its object, so that its digest is that of the answer's own bytes, too.
 */
public final class ModelIdentity {
  private static final long LONGEST_FILE = 256 << 20;
  private static final String HIDDEN = "Unknown";
  private static final String CONFIG = "config.json";

  /** What transformers writes for a tokenizer that states none: {@code int(1e30)}. */
  private static final String NO_LENGTH = "1000000000000000019884624838656";

  private final String publicName;
  private final Supplier<Checkpoint> checkpoint;
  private final int contextLength;
  private final int maxTokens;
  private final Supplier<String> digest;

  /**
   * A model's identity; nothing is read yet.
   *
   * @param contextLength tokens of prompt and output
   * @param maxTokens most tokens of an output
   * @param digest of the checkpoint's manifest; may wait for it
   */
  public ModelIdentity(
      String publicName,
      Supplier<Checkpoint> checkpoint,
      int contextLength,
      int maxTokens,
      Supplier<String> digest) {
    this.publicName = publicName;
    this.checkpoint = checkpoint;
    this.contextLength = contextLength;
    this.maxTokens = maxTokens;
    this.digest = digest;
  }

  /**
   * {@code tokenizer}, {@code tokenizer_config} and {@code special_tokens_map}, each the file of
   * that name.
   *
   * @throws QuernException NOT_FOUND when the checkpoint has no {@code tokenizer.json}
   */
  public byte[] tokenizer() {
    return PythonJson.dumps(tokenizerObject()).getBytes(StandardCharsets.US_ASCII);
  }

  /** {@code hash}: the SHA-256 of {@link #tokenizer} in hex. */
  public byte[] tokenizerHash() {
    return hash(tokenizerObject());
  }

  /**
   * {@code config}, as the test bench reads it, and beside it the strings of the Poncho sidecar and
   * the digest of the checkpoint's manifest.
   */
  public byte[] config() {
    return PythonJson.dumps(configObject()).getBytes(StandardCharsets.US_ASCII);
  }

  /** {@code hash}: the SHA-256 of {@link #config} in hex. */
  public byte[] configHash() {
    return hash(configObject());
  }

  private ObjectNode tokenizerObject() {
    ModelFiles files = checkpoint.get().files();
    ObjectNode object = newObject();
    object.set(
        "tokenizer",
        file(files, "tokenizer.json")
            .orElseThrow(
                () ->
                    new QuernException(
                        ErrorCategory.NOT_FOUND, "This model has no tokenizer.json.")));
    object.set("tokenizer_config", hideName(tokenizerConfig(files), "name_or_path"));
    object.set(
        "special_tokens_map",
        file(files, "special_tokens_map.json").orElseGet(ModelIdentity::newObject));
    return object;
  }

  /**
   * The testers read this length with {@code int(...)}, since JSON has no room for some of them.
   */
  private static ObjectNode tokenizerConfig(ModelFiles files) {
    ObjectNode config = file(files, "tokenizer_config.json").orElseGet(ModelIdentity::newObject);
    JsonNode length = config.path("model_max_length");
    if (length.isNumber()) {
      config.put("model_max_length", length.decimalValue().toBigInteger().toString());
    } else if (length.isMissingNode()) {
      config.put("model_max_length", NO_LENGTH);
    }
    return config;
  }

  private ObjectNode configObject() {
    Checkpoint opened = checkpoint.get();
    // The file's own numbers; a GGUF model has no such file, but what Quern makes of its metadata.
    ObjectNode config =
        file(opened.files(), CONFIG)
            .orElseGet(() -> PythonJson.readObject(opened.config().toString(), CONFIG));
    config.put("_name_or_path", HIDDEN);
    ObjectNode object = newObject();
    object.set("config", config);
    object.put("model_public_name", publicName);
    object.put("max_position_embeddings", Integer.toString(contextLength));
    object.put("max_tokens", Integer.toString(maxTokens));
    object.put("checkpoint_digest", digest.get());
    return object;
  }

  private static ObjectNode hideName(ObjectNode config, String member) {
    return config.has(member) ? config.put(member, HIDDEN) : config;
  }

  private static Optional<ObjectNode> file(ModelFiles files, String name) {
    return files.read(name, LONGEST_FILE).map(text -> PythonJson.readObject(text, name));
  }

  private static byte[] hash(ObjectNode object) {
    ObjectNode answer = newObject();
    answer.put("hash", PythonJson.sha256(object));
    return PythonJson.dumps(answer).getBytes(StandardCharsets.US_ASCII);
  }

  private static ObjectNode newObject() {
    return JsonNodeFactory.instance.objectNode();
  }
}
