package dev.quern.engine.tensor.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One TorchScript source of this package, compiled, and the calls into it. */
final class TorchScript implements AutoCloseable {
  private static final Pattern ALLOCATION =
      Pattern.compile("can't allocate memory: you tried to allocate (\\d+) bytes");

  private final PtSymbolBlock module;

  /**
   * @param className the class in the resource of the same name in lower case
   * @param shared resources with functions that the class calls
   */
  TorchScript(NDManager manager, String className, String... shared) {
    String resource = className.toLowerCase(java.util.Locale.ROOT) + ".py";
    try {
      StringBuilder source = new StringBuilder();
      for (String functions : shared) {
        source.append(read(functions));
      }
      byte[] archive =
          TorchScriptArchive.write(className, source.append(read(resource)).toString());
      module =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), false, false);
    } catch (IOException | EngineException e) {
      throw new QuernException(
          ErrorCategory.INTERNAL, resource + " does not compile: " + e.getMessage(), e);
    }
  }

  private static String read(String resource) throws IOException {
    try (InputStream stream = TorchScript.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks " + resource);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /**
   * Runs a method.
   *
   * @param arguments {@link IValue}s, which stay the caller's, or int, long, float, double,
   *     boolean, String, {@code long[]} or {@code double[]}
   * @return the result, the caller's to close
   */
  IValue call(String method, Object... arguments) {
    IValue[] values = new IValue[arguments.length];
    try {
      for (int i = 0; i < arguments.length; i++) {
        values[i] = toValue(arguments[i]);
      }
      return IValueUtils.runMethod(module, method, values);
    } catch (EngineException e) {
      throw translated(method, e);
    } finally {
      for (int i = 0; i < arguments.length; i++) {
        if (values[i] != null && values[i] != arguments[i]) {
          values[i].close();
        }
      }
    }
  }

  private static IValue toValue(Object argument) {
    return switch (argument) {
      case IValue value -> value;
      case Integer value -> IValue.from(value.longValue());
      case Long value -> IValue.from(value.longValue());
      case Float value -> IValue.from(value.doubleValue());
      case Double value -> IValue.from(value.doubleValue());
      case Boolean value -> IValue.from(value.booleanValue());
      case String value -> IValue.from(value);
      case long[] values -> IValue.listFrom(values);
      case double[] values -> IValue.listFrom(values);
      default -> throw new IllegalArgumentException("no TorchScript value: " + argument);
    };
  }

  static QuernException translated(String what, EngineException error) {
    String message = String.valueOf(error.getMessage());
    Matcher allocation = ALLOCATION.matcher(message);
    if (allocation.find()) {
      return new QuernException(
          ErrorCategory.OUT_OF_MEMORY,
          what
              + " needs "
              + allocation.group(1)
              + " bytes more, and the machine has "
              + HostMemory.availableBytes()
              + " free; use a smaller batch, a smaller KV cache or a smaller model",
          error);
    }
    String cause =
        message
            .lines()
            .filter(line -> line.startsWith("RuntimeError:"))
            .findFirst()
            .orElseGet(() -> message.lines().findFirst().orElse("no message"));
    return new QuernException(
        ErrorCategory.INTERNAL, "libtorch failed in " + what + ": " + cause, error);
  }

  @Override
  public void close() {
    module.close();
  }
}
