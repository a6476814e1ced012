package dev.quern.engine.tensor.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes the file that {@code torch.jit.save} would write for a module without parameters, from its
 * TorchScript source: a zip with the format's version, the pickled module object, an empty table of
 * constants and the code (PyTorch, docs/source/jit serialization format, version 10).
 */
final class TorchScriptArchive {
  private static final byte[] EMPTY_TUPLE = {(byte) 0x80, 2, ')', '.'};

  private TorchScriptArchive() {}

  /**
   * @param className the one class in {@code source}, a {@code Module} with the attribute {@code
   *     training}
   */
  static byte[] write(String className, String source) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      store(zip, "m/version", "10\n".getBytes(StandardCharsets.US_ASCII));
      store(zip, "m/data.pkl", pickledModule(className));
      store(zip, "m/constants.pkl", EMPTY_TUPLE);
      store(zip, "m/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  /** An instance of {@code className} whose only attribute is {@code training = False}. */
  private static byte[] pickledModule(String className) {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    byte[] attribute = "training".getBytes(StandardCharsets.US_ASCII);
    pickle.writeBytes(new byte[] {(byte) 0x80, 2}); // PROTO 2
    pickle.writeBytes(("c__torch__\n" + className + "\n").getBytes(StandardCharsets.US_ASCII));
    pickle.writeBytes(new byte[] {')', (byte) 0x81, '}', '('}); // NEWOBJ of (), EMPTY_DICT, MARK
    pickle.writeBytes(new byte[] {'X', (byte) attribute.length, 0, 0, 0}); // BINUNICODE
    pickle.writeBytes(attribute);
    pickle.writeBytes(new byte[] {(byte) 0x89, 'u', 'b', '.'}); // NEWFALSE, SETITEMS, BUILD, STOP
    return pickle.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 checksum = new CRC32();
    checksum.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setCrc(checksum.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
