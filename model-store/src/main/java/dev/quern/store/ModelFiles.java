package dev.quern.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The small text files that make a model of tensors: {@code tokenizer.json}, chat templates and the
 * like, under the names they have in the Hugging Face layout, wherever they come from.
 */
public interface ModelFiles {
  /**
   * The text of a file, if there is one.
   *
   * @param name relative, with {@code /} between folders
   * @throws QuernException BAD_REQUEST if it has more than {@code maxBytes}, is not UTF-8 or cannot
   *     be read
   */
  Optional<String> read(String name, long maxBytes);

  /** Names of the files directly in a folder, sorted; none if there is no such folder. */
  List<String> names(String folder);

  /** The folder that the files are in, or the file that they are made from. */
  Path location();

  /** Where the file is, or what it is made from: for a message to a person. */
  Path path(String name);

  /** The files of a folder on disk. */
  static ModelFiles in(Path folder) {
    return new FolderFiles(folder);
  }
}
