package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.Names;
import dev.quern.store.QuernException;
import dev.quern.store.TensorEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Models that are split over files {@code NAME-00001-of-00003.gguf} and so on. The first part has
 * the metadata; each has its own tensors.
 */
final class GgufParts {
  private static final Pattern PART =
      Pattern.compile("(.*-)(\\d{5})-of-(\\d{5})(\\.gguf)", Pattern.CASE_INSENSITIVE);

  private static final String COUNT_KEY = "split.count";
  private static final String TENSORS_KEY = "split.tensors.count";

  private GgufParts() {}

  /** Whether the name is that of a second or later part. */
  static boolean isLaterPart(String name) {
    Matcher part = PART.matcher(name);
    return part.matches() && !part.group(2).equals("00001");
  }

  /** Reads a file, or all parts if it is one of several. */
  static GgufFile read(Path file) {
    GgufFile read = GgufFile.read(file);
    List<Path> parts = parts(read);
    return parts.size() == 1 ? read : merged(parts.stream().map(GgufFile::read).toList());
  }

  /** The file, or all parts in order if it is one of several. */
  static List<Path> files(Path file) {
    return parts(GgufFile.read(file));
  }

  private static List<Path> parts(GgufFile read) {
    Path file = read.file();
    long parts = read.metadata().whole(COUNT_KEY).orElse(1);
    if (parts <= 1) {
      return List.of(file);
    }
    Matcher name = PART.matcher(String.valueOf(file.getFileName()));
    if (!name.matches() || Integer.parseInt(name.group(3)) != parts) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          file
              + " is a part of "
              + parts
              + ", but is not named like NAME-00001-of-00003.gguf: give the parts their names"
              + " back");
    }
    List<Path> all = new ArrayList<>();
    for (int i = 1; i <= parts; i++) {
      String sibling = "%s%05d-of-%s%s".formatted(name.group(1), i, name.group(3), name.group(4));
      all.add(file.resolveSibling(sibling));
    }
    return all;
  }

  private static GgufFile merged(List<GgufFile> parts) {
    GgufFile first = parts.getFirst();
    List<TensorEntry> tensors = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (GgufFile part : parts) {
      for (TensorEntry tensor : part.tensors()) {
        if (!names.add(tensor.name())) {
          throw new QuernException(
              ErrorCategory.BAD_REQUEST,
              Names.tensor(tensor.name())
                  + " is in "
                  + part.file()
                  + " and in an earlier part: the parts belong to different models");
        }
        tensors.add(tensor);
      }
    }
    OptionalLong stated = first.metadata().whole(TENSORS_KEY);
    if (stated.isPresent() && stated.getAsLong() != tensors.size()) {
      throw first
          .metadata()
          .error(
              TENSORS_KEY,
              "is "
                  + stated.getAsLong()
                  + ", but all parts have "
                  + tensors.size()
                  + " tensors: download the parts again");
    }
    return new GgufFile(first.file(), first.version(), first.metadata(), tensors);
  }
}
