package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.TensorEntry;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The header of one GGUF file, checked against the file's size: nothing that follows from it lies
 * outside the file, and reading it took no more memory than in proportion to the header.
 *
 * @param tensors in the order of their offsets, under llama.cpp's names and in its order of rows
 */
record GgufFile(Path file, int version, GgufMetadata metadata, List<TensorEntry> tensors) {
  GgufFile {
    tensors = List.copyOf(tensors);
  }

  /**
   * Reads and checks the header of {@code file}.
   *
   * @throws QuernException NOT_FOUND if there is no such file, BAD_REQUEST if it is truncated,
   *     corrupt or of a kind that is not read
   */
  static GgufFile read(Path file) {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new QuernException(ErrorCategory.BAD_REQUEST, file + " is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(file, channel.size(), channel);
    } catch (NoSuchFileException e) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND, "there is no file " + file + ": download it", e);
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, "cannot read " + file + " (" + e + ")", e);
    }
  }

  /** Reads the header of a file of {@code fileBytes} from its start. */
  static GgufFile read(Path file, long fileBytes, ReadableByteChannel channel) throws IOException {
    return new GgufParser(file, fileBytes, new HeaderInput(file, channel, fileBytes)).parse();
  }
}
