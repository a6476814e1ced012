package dev.quern.supplier.cli.terminal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Optional;

/**
 * The terminal behind a file descriptor. Its size is asked for anew each time, so that a display
 * follows a window that somebody resizes.
 */
public final class Terminal {
  public static final int STANDARD_OUTPUT = 1;
  public static final int STANDARD_ERROR = 2;

  /** What a terminal without a size is taken for. */
  static final Size USUAL = new Size(80, 24);

  /** {@code TIOCGWINSZ} of Linux, see ioctl_tty(2). */
  private static final long WINDOW_SIZE_REQUEST = 0x5413;

  /** {@code struct winsize}: rows, columns, and two more of no use here, 16 bits each. */
  private static final long WINDOW_SIZE_BYTES = 4 * Short.BYTES;

  private final MethodHandle ioctl;
  private final int descriptor;

  /** Columns and rows of characters. */
  public record Size(int columns, int rows) {}

  private Terminal(MethodHandle ioctl, int descriptor) {
    this.ioctl = ioctl;
    this.descriptor = descriptor;
  }

  /**
   * The terminal that a descriptor of this process leads to.
   *
   * @return empty if it leads to a file or a pipe, or to a terminal that cannot move its cursor
   */
  public static Optional<Terminal> behind(int descriptor, Map<String, String> environment) {
    if (environment.getOrDefault("TERM", "dumb").equals("dumb")) {
      return Optional.empty();
    }
    Terminal terminal = new Terminal(ioctl(), descriptor);
    return terminal.ask().isPresent() ? Optional.of(terminal) : Optional.empty();
  }

  /** The size now; the usual one where the terminal does not say. */
  public Size size() {
    return ask().filter(size -> size.columns() > 0 && size.rows() > 0).orElse(USUAL);
  }

  /** Empty if the descriptor is no terminal's. */
  private Optional<Size> ask() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINDOW_SIZE_BYTES);
      int failed = (int) ioctl.invokeExact(descriptor, WINDOW_SIZE_REQUEST, size);
      return failed != 0
          ? Optional.empty()
          : Optional.of(
              new Size(
                  Short.toUnsignedInt(size.getAtIndex(ValueLayout.JAVA_SHORT, 1)),
                  Short.toUnsignedInt(size.getAtIndex(ValueLayout.JAVA_SHORT, 0))));
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl", e);
    }
  }

  @SuppressWarnings("restricted") // the JDK has no call that asks for a terminal's width
  private static MethodHandle ioctl() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("ioctl"),
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
        Linker.Option.firstVariadicArg(2));
  }
}
