package dev.quern.supplier.attest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.store.Checkpoint;
import dev.quern.store.StoredType;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What an operator states of a served model.
 *
 * @param model the public name
 * @param checkpointDigest of the manifest of the checkpoint's files
 * @param dtype what is computed in: {@code f32}, {@code bf16} or {@code f16}
 * @param quantisation stored types of the weights that are not plain floating point, or {@code
 *     none}
 * @param signedAt Unix time in seconds
 */
public record Statement(
    String model,
    String checkpointDigest,
    String engineVersion,
    String dtype,
    String quantisation,
    long signedAt) {
  private static final int FORMAT = 1;
  private static final Set<StoredType> PLAIN =
      EnumSet.of(StoredType.F64, StoredType.F32, StoredType.F16, StoredType.BF16);

  /** Of a loaded model; reads the headers of its files. */
  static Statement of(
      String name, LoadedModel model, String digest, String engineVersion, long signedAt) {
    String quantised =
        Checkpoint.open(model.path()).types().keySet().stream()
            .filter(type -> !PLAIN.contains(type))
            .map(type -> type.name().toLowerCase(Locale.ROOT))
            .sorted()
            .collect(Collectors.joining(","));
    return new Statement(
        name,
        digest,
        engineVersion,
        model.dtype().name().toLowerCase(Locale.ROOT),
        quantised.isEmpty() ? "none" : quantised,
        signedAt);
  }

  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", FORMAT).put("model", model).put("checkpoint_digest", checkpointDigest);
    json.put("engine", "quern").put("engine_version", engineVersion);
    json.put("dtype", dtype).put("quantisation", quantisation).put("signed_at", signedAt);
    return json;
  }
}
