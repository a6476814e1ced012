package dev.quern.supplier.config;

import java.util.List;
import java.util.stream.Stream;

/** The table of settings. Its order is the order of help and README. */
public final class QuernSettings {
  public static final Setting<String> MODEL =
      Setting.of(
              "model",
              ValueType.text("MODEL", "demo, a folder, a *.gguf file or a model of the hub"),
              "demo",
              "model to serve: `demo`, a folder in the Hugging Face layout, a `*.gguf` file, or a"
                  + " model of the hub as `ORG/NAME[@REVISION]`, pulled first if need be;"
                  + " repeatable")
          .repeated();
  public static final Setting<Alias> ALIAS =
      Setting.absent(
              "alias",
              ValueType.alias(),
              "none",
              "serve MODEL under NAME instead of its own name; repeatable")
          .repeated();

  public static final Setting<ModelTask> TASK =
      Setting.absent(
              "task",
              ValueType.modelTask(),
              "what its files say",
              "what MODEL is to do: embed, rerank or classify; needed for language models that"
                  + " embed or rerank and do not say so; repeatable")
          .repeated();

  public static final Setting<String> DEFAULT_MODEL =
      Setting.absent(
          "default-model",
          ValueType.text("NAME", "a name that is served"),
          "none",
          "public name that answers requests for no model or an unknown one");

  public static final Setting<String> DEVICE =
      Setting.of(
          "device",
          ValueType.device(),
          "auto",
          "where models run; `auto` takes the GPU with most free memory if the model fits there,"
              + " else the CPU, and says which and why");
  public static final Setting<String> DTYPE =
      Setting.of(
          "dtype",
          ValueType.choice("auto", "bf16", "fp16", "fp32"),
          "auto",
          "type of weights and activations; `auto` takes the checkpoint's, or on a CPU without"
              + " AVX-512 fp32, with 16-bit weights kept as they are stored");
  public static final Setting<Integer> MAX_MODEL_LEN =
      Setting.absent(
          "max-model-len",
          ValueType.integer(1, 16_777_216),
          "the model's",
          "most tokens of prompt and answer together");
  public static final Setting<Integer> MAX_NUM_SEQS =
      Setting.of(
          "max-num-seqs", ValueType.integer(1, 4096), "64", "most requests computed at a time");
  public static final Setting<Integer> MAX_NUM_BATCHED_TOKENS =
      Setting.of(
          "max-num-batched-tokens",
          ValueType.integer(1, 1_048_576),
          "2048",
          "most tokens of one step over all requests");
  public static final Setting<Long> KV_CACHE_MEMORY =
      Setting.absent(
          "kv-cache-memory",
          ValueType.size(1),
          "from free memory",
          "memory of each model's KV cache");
  public static final Setting<Double> GPU_MEMORY_UTILIZATION =
      Setting.of(
          "gpu-memory-utilization",
          ValueType.decimal(0.01, 1),
          "0.9",
          "share of a GPU's memory that all models on it may take");
  public static final Setting<String> CUDA_GRAPHS =
      Setting.of(
          "cuda-graphs",
          ValueType.choice("on", "off"),
          "on",
          "whether a GPU's decode steps are recorded and replayed as one launch; `off` launches"
              + " kernel by kernel, with the same answers, to narrow a fault down");
  public static final Setting<String> CUDA_LIBRARIES =
      Setting.absent(
              "cuda-libraries",
              ValueType.text("FOLDER", "a folder"),
              "none",
              "folder where CUDA's libraries (cuBLASLt) are looked for before the usual places;"
                  + " repeatable")
          .repeated();
  public static final Setting<Integer> MAX_WAITING =
      Setting.of(
          "max-waiting",
          ValueType.integer(1, 1_000_000),
          "1024",
          "most requests waiting; one more is answered 429");
  public static final Setting<Integer> MAX_BATCH_TOKENS =
      Setting.of(
          "max-batch-tokens",
          ValueType.integer(1, 16_777_216),
          "16384",
          "most tokens of one pass of an embedding model, reranker or classifier");
  public static final Setting<Integer> TOKENIZATION_WORKERS =
      Setting.absent(
          "tokenization-workers",
          ValueType.integer(1, 1024),
          "free cores, up to 8",
          "threads that tokenise one such model's texts");
  public static final Setting<Integer> THREADS =
      Setting.absent(
          "threads", ValueType.integer(1, 1024), "free cores", "compute threads on the CPU");

  public static final Setting<String> HOST =
      Setting.of(
          "host",
          ValueType.text("ADDRESS", "an address or a host name"),
          "127.0.0.1",
          "address to listen on");
  public static final Setting<Integer> PORT =
      Setting.of("port", ValueType.integer(0, 65_535), "8080", "port; 0 takes a free one");
  public static final Setting<String> API_KEY_FILE =
      Setting.absent(
          "api-key-file",
          ValueType.text("FILE", "a file"),
          "no keys",
          "file of accepted API keys, one a line, `#` starts a comment");
  public static final Setting<String> SIGN_KEY_FILE =
      Setting.absent(
          "sign-key-file",
          ValueType.text("FILE", "a file"),
          "nothing is signed",
          "Ed25519 key in PKCS#8 PEM that signs what `/v1/models/{id}/attestation` states");
  public static final Setting<Boolean> METRICS_NEED_KEY =
      Setting.of(
          "metrics-need-key", ValueType.flag(), "false", "ask for an API key at `/metrics` too");
  public static final Setting<Long> MAX_BODY_SIZE =
      Setting.of("max-body-size", ValueType.size(1), "10MB", "longest request body");
  public static final Setting<Integer> MAX_CONNECTIONS =
      Setting.of(
          "max-connections",
          ValueType.integer(1, 1_000_000),
          "1024",
          "most open connections; more are refused");
  public static final Setting<Integer> MAX_CLIENT_BATCH_SIZE =
      Setting.absent(
          "max-client-batch-size",
          ValueType.integer(1, 1_000_000),
          "32 on TEI's routes, 1000 on `/v1/rerank`, 2048 else",
          "most inputs of one request to an embedding model, reranker or classifier; more are"
              + " answered 413");
  public static final Setting<Boolean> AUTO_TRUNCATE =
      Setting.of(
          "auto-truncate",
          ValueType.flag(),
          "false",
          "cut texts that are too long for such a model where a request does not say; else they are"
              + " refused");
  public static final Setting<Integer> DRAIN_SECONDS =
      Setting.of(
          "drain-seconds",
          ValueType.integer(0, 86_400),
          "30",
          "how long running requests may take once a stop was asked for");

  public static final Setting<String> CACHE =
      Setting.absent(
          "cache",
          ValueType.text("FOLDER", "a folder"),
          "`$XDG_CACHE_HOME/quern` or `~/.cache/quern`",
          "folder for unpacked native libraries and the demo model");
  public static final Setting<String> LOG =
      Setting.of(
          "log",
          ValueType.choice("info", "debug"),
          "info",
          "`debug` says more and shows the stack of errors; `--verbose` is short for it");
  public static final Setting<String> CONFIG =
      Setting.absent(
          "config", ValueType.text("FILE", "a YAML file"), "no file", "YAML file with settings");

  /** What names and loads models. */
  public static final List<Setting<?>> CATALOG = List.of(MODEL, ALIAS, TASK, DEFAULT_MODEL);

  /** How one model is loaded and scheduled. */
  public static final List<Setting<?>> LOADING =
      List.of(
          DEVICE,
          DTYPE,
          MAX_MODEL_LEN,
          MAX_NUM_SEQS,
          MAX_NUM_BATCHED_TOKENS,
          KV_CACHE_MEMORY,
          GPU_MEMORY_UTILIZATION,
          CUDA_GRAPHS,
          CUDA_LIBRARIES,
          MAX_WAITING,
          MAX_BATCH_TOKENS,
          TOKENIZATION_WORKERS,
          THREADS);

  /** Where and how the server listens. */
  public static final List<Setting<?>> SERVER =
      List.of(
          HOST,
          PORT,
          API_KEY_FILE,
          SIGN_KEY_FILE,
          METRICS_NEED_KEY,
          MAX_BODY_SIZE,
          MAX_CONNECTIONS,
          MAX_CLIENT_BATCH_SIZE,
          AUTO_TRUNCATE,
          DRAIN_SECONDS);

  /** How relays are told apart and served. */
  public static final List<Setting<?>> RELAY = RelayFlags.ALL;

  /** What every command takes. */
  public static final List<Setting<?>> PROCESS = List.of(CACHE, LOG, CONFIG);

  /** Everything. */
  public static final List<Setting<?>> ALL =
      Stream.of(CATALOG, LOADING, SERVER, RELAY, PROCESS).flatMap(List::stream).toList();

  private QuernSettings() {}
}
