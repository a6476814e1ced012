package dev.quern.supplier.config;

import dev.quern.cuda.CudaSettings;
import dev.quern.engine.runtime.EncoderOptions;
import dev.quern.engine.runtime.GpuSettings;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.QuernException;
import dev.quern.supplier.attest.SigningKey;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import dev.quern.supplier.relay.RelaySettings;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All settings in the terms of the rooms that use them.
 *
 * @param models as named by the operator, at least one, none twice
 * @param tasks what single models are to do
 * @param defaultModel the public name that answers for none or an unknown one
 * @param gpus what all models share on GPUs
 * @param keyFile the accepted API keys, if the server asks for any
 * @param signingKey signs statements about the models
 * @param cache where native libraries and the demo model are unpacked
 */
public record QuernConfiguration(
    List<String> models,
    List<Alias> aliases,
    List<ModelTask> tasks,
    Optional<String> defaultModel,
    ModelSettings loading,
    GpuSettings gpus,
    ServerSettings server,
    RelaySettings relays,
    Optional<ApiKeyFile> keyFile,
    Optional<SigningKey> signingKey,
    Path cache,
    boolean debug) {
  public QuernConfiguration {
    models = List.copyOf(models);
    aliases = List.copyOf(aliases);
    tasks = List.copyOf(tasks);
  }

  /**
   * Resolves and checks all settings.
   *
   * @param flags texts by setting name
   * @param environment the process's variables
   * @throws QuernException BAD_REQUEST, one line that names source and setting
   */
  public static QuernConfiguration resolve(
      Map<String, List<String>> flags, Map<String, String> environment) {
    SettingValues values = SettingValues.resolve(flags, environment);
    List<String> models = values.all(QuernSettings.MODEL);
    refuseRepeated("model", models);
    List<Alias> aliases = values.all(QuernSettings.ALIAS);
    refuseRepeated("alias", aliases.stream().map(Alias::name).toList());
    Optional<ApiKeyFile> keyFile =
        values.optional(QuernSettings.API_KEY_FILE).map(Path::of).map(ApiKeyFile::read);
    return new QuernConfiguration(
        models,
        aliases,
        tasks(values.all(QuernSettings.TASK), models),
        values.optional(QuernSettings.DEFAULT_MODEL),
        loading(values),
        gpus(values),
        server(values, keyFile.map(ApiKeyFile::keys).orElse(Set.of())),
        RelayFlags.read(values),
        keyFile,
        values.optional(QuernSettings.SIGN_KEY_FILE).map(Path::of).map(SigningKey::read),
        cache(values, environment),
        values.value(QuernSettings.LOG).equals("debug"));
  }

  /** How one model is to be loaded. */
  public ModelSettings loading(String model) {
    return tasks.stream()
        .filter(task -> task.model().equals(model))
        .findFirst()
        .map(task -> loading.withEncoder(loading.encoder().withTask(task.task())))
        .orElse(loading);
  }

  private static ModelSettings loading(SettingValues values) {
    return new ModelSettings(
        values.value(QuernSettings.DEVICE),
        dtype(values.value(QuernSettings.DTYPE)),
        integer(values.optional(QuernSettings.MAX_MODEL_LEN)),
        values.value(QuernSettings.MAX_NUM_SEQS),
        values.value(QuernSettings.MAX_NUM_BATCHED_TOKENS),
        values.optional(QuernSettings.KV_CACHE_MEMORY).stream()
            .mapToLong(Long::longValue)
            .findAny(),
        values.value(QuernSettings.MAX_WAITING),
        integer(values.optional(QuernSettings.THREADS)),
        new EncoderOptions(
            Optional.empty(),
            values.value(QuernSettings.MAX_BATCH_TOKENS),
            integer(values.optional(QuernSettings.TOKENIZATION_WORKERS))));
  }

  private static GpuSettings gpus(SettingValues values) {
    return new GpuSettings(
        values.value(QuernSettings.GPU_MEMORY_UTILIZATION),
        values.value(QuernSettings.CUDA_GRAPHS).equals("on"),
        new CudaSettings(
            driver(),
            values.all(QuernSettings.CUDA_LIBRARIES).stream()
                .map(folder -> Path.of(folder).toAbsolutePath())
                .toList()));
  }

  /** Not a setting: for tests, which name a look-alike, and for drivers in odd places. */
  private static @Nullable Path driver() {
    String file = System.getProperty(GpuSettings.DRIVER_PROPERTY);
    return file == null ? null : Path.of(file).toAbsolutePath();
  }

  private static List<ModelTask> tasks(List<ModelTask> tasks, List<String> models) {
    refuseRepeated("task", tasks.stream().map(ModelTask::model).toList());
    for (ModelTask task : tasks) {
      if (!models.contains(task.model())) {
        throw QuernException.badRequest(
            "task",
            "task: "
                + task.model()
                + " is not served; served are "
                + String.join(", ", models)
                + " (name it as --model does)");
      }
    }
    return tasks;
  }

  private static ServerSettings server(SettingValues values, Set<String> keys) {
    boolean metricsNeedKey = values.value(QuernSettings.METRICS_NEED_KEY);
    if (metricsNeedKey && keys.isEmpty()) {
      throw QuernException.badRequest(
          "metrics-need-key", "metrics-need-key: there are no keys; give --api-key-file too");
    }
    return new ServerSettings(
        values.value(QuernSettings.HOST),
        values.value(QuernSettings.PORT),
        keys,
        metricsNeedKey,
        values.value(QuernSettings.MAX_BODY_SIZE),
        values.value(QuernSettings.MAX_CONNECTIONS),
        values.value(QuernSettings.DRAIN_SECONDS),
        new EncoderRouteSettings(
            integer(values.optional(QuernSettings.MAX_CLIENT_BATCH_SIZE)),
            values.value(QuernSettings.AUTO_TRUNCATE)));
  }

  private static Optional<DType> dtype(String name) {
    return switch (name) {
      case "bf16" -> Optional.of(DType.BF16);
      case "fp16" -> Optional.of(DType.F16);
      case "fp32" -> Optional.of(DType.F32);
      default -> Optional.empty();
    };
  }

  private static OptionalInt integer(Optional<Integer> value) {
    return value.stream().mapToInt(Integer::intValue).findAny();
  }

  /** The folder asked for, else the one that the XDG base directory specification names. */
  private static Path cache(SettingValues values, Map<String, String> environment) {
    Optional<Path> asked = values.optional(QuernSettings.CACHE).map(Path::of);
    if (asked.isPresent()) {
      return asked.get().toAbsolutePath();
    }
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    // The specification tells to ignore a relative path.
    if (Path.of(xdg).isAbsolute()) {
      return Path.of(xdg, "quern");
    }
    return Path.of(System.getProperty("user.home", ""), ".cache", "quern").toAbsolutePath();
  }

  private static void refuseRepeated(String setting, List<String> names) {
    Set<String> seen = new LinkedHashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw QuernException.badRequest(setting, setting + ": " + name + " is given twice");
      }
    }
  }
}
