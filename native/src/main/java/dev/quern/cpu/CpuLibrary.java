package dev.quern.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The compiled library, loaded for as long as the process lives. */
@SuppressWarnings("restricted") // Calling a native library is what this class is for.
public final class CpuLibrary {
  private static final String LIBRARY = "libquern_cpu.so";
  private static final String DIGEST = "libquern_cpu.sha256";

  private final SymbolLookup symbols;

  private CpuLibrary(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /** What became of a registration. */
  public enum Registration {
    DONE,
    /** The processor lacks AVX2, FMA or F16C. */
    PROCESSOR_TOO_OLD,
    /** libtorch knows operations of these names already, or takes none. */
    REFUSED
  }

  /**
   * Loads the library into a process that has loaded libtorch. Its file is there for that moment
   * only.
   *
   * @param folder one that may be written and from which libraries may be loaded
   * @throws IOException when the file cannot be written
   * @throws IllegalArgumentException when the file cannot be loaded
   */
  public static CpuLibrary load(Path folder) throws IOException {
    Path file = Files.createTempFile(folder, "quern", ".so");
    try (InputStream library = open(LIBRARY)) {
      Files.copy(library, file, StandardCopyOption.REPLACE_EXISTING);
      return new CpuLibrary(SymbolLookup.libraryLookup(file, Arena.global()));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** Makes the operations known to libtorch; once a process. */
  public Registration register() {
    MethodHandle register =
        Linker.nativeLinker()
            .downcallHandle(
                symbols.findOrThrow("quern_register_operations"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT));
    try {
      return switch ((int) register.invokeExact()) {
        case 0 -> Registration.DONE;
        case 1 -> Registration.PROCESSOR_TOO_OLD;
        default -> Registration.REFUSED;
      };
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new LinkageError("quern_register_operations", e);
    }
  }

  /** SHA-256 of the sources that the library was made from: all files, in order of name. */
  static String sourceDigest() {
    try (InputStream digest = open(DIGEST)) {
      return new String(digest.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String name) {
    InputStream stream = CpuLibrary.class.getResourceAsStream(name);
    if (stream == null) {
      throw new IllegalStateException("the jar lacks " + name);
    }
    return stream;
  }
}
