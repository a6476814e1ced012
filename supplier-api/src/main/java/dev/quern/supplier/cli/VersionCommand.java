package dev.quern.supplier.cli;

import dev.quern.supplier.QuernVersion;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.util.List;

/** {@code quern version}. */
final class VersionCommand implements Command {
  @Override
  public String name() {
    return "version";
  }

  @Override
  public String words() {
    return "";
  }

  @Override
  public String purpose() {
    return "print the versions of Quern and of the Java that runs it";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of();
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    console.out().println("quern " + QuernVersion.text() + " (Java " + Runtime.version() + ")");
    return ExitCodes.DONE;
  }
}
