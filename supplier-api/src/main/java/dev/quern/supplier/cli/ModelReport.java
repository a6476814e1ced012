package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.cuda.CudaReport;
import dev.quern.store.CheckpointSummary;
import dev.quern.store.FileDigest;
import dev.quern.store.ModelDescription;
import dev.quern.store.StoredType;
import dev.quern.store.cache.SnapshotDigests;
import dev.quern.supplier.cli.terminal.Columns;
import dev.quern.supplier.cli.terminal.Units;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What {@code quern show} says.
 *
 * @param summary absent for a diffusion pipeline
 * @param freeMemory bytes that could be taken now
 * @param gpus what the host has of GPUs
 * @param templates sources of chat templates by name
 */
record ModelReport(
    Path folder,
    ModelDescription what,
    Optional<CheckpointSummary> summary,
    Optional<MemoryNeed> memory,
    long freeMemory,
    CudaReport gpus,
    Map<String, String> templates,
    Optional<SnapshotDigests> digests) {
  private static final JsonMapper JSON = new JsonMapper();

  void print(PrintStream out) {
    row(out, "kind", what.kind().label());
    what.architecture().ifPresent(name -> row(out, "architecture", name));
    what.components().forEach((name, type) -> row(out, "component", name + " (" + type + ")"));
    row(out, "parameters", Units.count(what.parameters()));
    types().forEach((type, count) -> row(out, "dtype", type + " (" + Units.count(count) + ")"));
    summary.ifPresent(known -> printSummary(known, out));
    memory.ifPresent(need -> printMemory(need, out));
    row(
        out,
        "chat template",
        templates.isEmpty() ? "none" : String.join(", ", templates.keySet()) + " (--template)");
    summary.flatMap(CheckpointSummary::licence).ifPresent(name -> row(out, "licence", name));
    digests.ifPresent(
        known -> row(out, "digest", known.manifest().digest() + " (" + said(known.source()) + ")"));
    row(out, "folder", folder.toString());
  }

  private static void printSummary(CheckpointSummary known, PrintStream out) {
    known.contextLength().ifPresent(tokens -> row(out, "context", tokens + " tokens"));
    row(out, "weights", Units.bytes(known.bytes()));
    known
        .kvBytesPerToken()
        .ifPresent(bytes -> row(out, "KV cache", Units.bytes(bytes) + " a token"));
  }

  private void printMemory(MemoryNeed need, PrintStream out) {
    String size = Units.bytes(need.totalBytes());
    row(
        out,
        "memory needed",
        need.kvCacheBytes() == 0
            ? size + " (weights)"
            : "%s (weights and KV cache of %s of %s)"
                .formatted(
                    size, Units.of(need.batch(), "sequence"), Units.of(need.context(), "token")));
    row(
        out,
        "memory free",
        Units.bytes(freeMemory)
            + (need.totalBytes() <= freeMemory ? " (it fits)" : " (it does not fit)"));
    for (GpuFit fit : GpuFit.of(gpus, need.totalBytes())) {
      row(
          out,
          fit.name(),
          fit.described() + " (" + fit.verdict("it fits", "it does not fit") + ")");
    }
  }

  private static String said(SnapshotDigests.Source source) {
    return switch (source) {
      case PULL -> "of the pull";
      case CACHE -> "of the cache; quern verify hashes anew";
      case COMPUTED -> "computed now";
    };
  }

  private static void row(PrintStream out, String name, String value) {
    out.printf("%-14s %s%n", name, Columns.printable(value));
  }

  private Map<StoredType, Long> types() {
    return new TreeMap<>(what.types());
  }

  ObjectNode json() {
    ObjectNode json = JSON.createObjectNode().put("kind", what.kind().label());
    what.architecture().ifPresent(name -> json.put("architecture", name));
    if (!what.components().isEmpty()) {
      ObjectNode components = json.putObject("components");
      what.components().forEach(components::put);
    }
    json.put("parameters", what.parameters());
    ObjectNode types = json.putObject("dtypes");
    types().forEach((type, count) -> types.put(type.name(), count));
    summary.ifPresent(
        known -> {
          json.put("bytes", known.bytes());
          known.contextLength().ifPresent(tokens -> json.put("context_length", tokens));
          known.kvBytesPerToken().ifPresent(bytes -> json.put("kv_bytes_per_token", bytes));
        });
    memory.ifPresent(need -> json.set("memory", json(need)));
    ObjectNode chat = json.putObject("chat_templates");
    templates.forEach(chat::put);
    summary.flatMap(CheckpointSummary::licence).ifPresent(name -> json.put("licence", name));
    digests.ifPresent(known -> json.set("digests", json(known)));
    return json.put("folder", folder.toString());
  }

  private ObjectNode json(MemoryNeed need) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("context", need.context())
            .put("batch", need.batch())
            .put("weight_bytes", need.weightBytes())
            .put("kv_cache_bytes", need.kvCacheBytes())
            .put("total_bytes", need.totalBytes())
            .put("free_bytes", freeMemory)
            .put("fits", need.totalBytes() <= freeMemory);
    GpuFit.addTo(json.putArray("gpus"), GpuFit.of(gpus, need.totalBytes()));
    return json;
  }

  private static ObjectNode json(SnapshotDigests known) {
    ObjectNode json = JSON.createObjectNode().put("source", known.source().label());
    json.put("digest", known.manifest().digest()).put("bytes", known.manifest().bytes());
    ArrayNode files = json.putArray("files");
    for (FileDigest file : known.manifest().files()) {
      files
          .addObject()
          .put("path", file.file())
          .put("size", file.bytes())
          .put("sha256", file.sha256());
    }
    return json;
  }
}
