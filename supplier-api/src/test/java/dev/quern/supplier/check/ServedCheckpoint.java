package dev.quern.supplier.check;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.SupplierServer;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** A whole Quern in this process that serves one checkpoint as suppliers do. */
final class ServedCheckpoint implements AutoCloseable {
  private final ModelRuntime runtime = new ModelRuntime();
  private final SupplierServer server;

  ServedCheckpoint(Path folder) {
    LoadedModel model = runtime.load("demo", folder, settings());
    server =
        SupplierServer.start(
            new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 64, 5),
            new RelaySettings(
                RelayAccess.KEYLESS,
                1000,
                new RelayLimits(true, OptionalInt.empty(), OptionalInt.empty(), 20)),
            new ModelCatalog(
                List.of(model),
                Map.of(FaultyServer.MODEL, "demo"),
                Optional.of(FaultyServer.MODEL)));
  }

  static ModelSettings settings() {
    return new ModelSettings(
        "cpu",
        Optional.of(DType.F32),
        OptionalInt.of(1024),
        16,
        512,
        OptionalLong.of(64 << 20),
        64,
        OptionalInt.of(2));
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.port());
  }

  @Override
  public void close() {
    server.close();
    runtime.close();
  }
}
