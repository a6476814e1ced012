package dev.quern.store;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The files of a folder on disk. */
record FolderFiles(Path folder) implements ModelFiles {
  @Override
  public Optional<String> read(String name, long maxBytes) {
    Path file = path(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      if (Files.size(file) > maxBytes) {
        throw new QuernException(
            ErrorCategory.BAD_REQUEST,
            file
                + " is larger than "
                + maxBytes
                + " bytes, which no such file is: download it again");
      }
      return Optional.of(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST, file + " is not UTF-8 text: download it again", e);
    } catch (IOException e) {
      throw JsonFiles.unreadable(file, e);
    }
  }

  @Override
  public List<String> names(String name) {
    Path inner = path(name);
    if (!Files.isDirectory(inner)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(inner)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw JsonFiles.unreadable(inner, e);
    }
  }

  @Override
  public Path location() {
    return folder;
  }

  @Override
  public Path path(String name) {
    return folder.resolve(name);
  }
}
