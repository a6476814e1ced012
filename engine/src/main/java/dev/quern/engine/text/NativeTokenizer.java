package dev.quern.engine.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/**
 * One tokenizer of the Rust {@code tokenizers} library, through DJL's binding.
 *
 * <p>The native functions are called directly, not through DJL's own wrapper: that one builds a
 * Java object per token on every call, truncates to 512 tokens unless told otherwise, and reports
 * usage over the network. Encoding and decoding only read the native object, so any number of
 * threads may do it at once; the lock keeps {@link #close} from freeing it under them.
 */
final class NativeTokenizer implements AutoCloseable {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private long handle;

  private NativeTokenizer(long handle) {
    this.handle = handle;
  }

  /**
   * Builds the tokenizer that {@code json}, the text of a {@code tokenizer.json}, describes.
   *
   * @throws RuntimeException with the library's own message if it refuses the description
   */
  static NativeTokenizer create(String json) {
    TokenizersLoader.load();
    long handle = TokenizersLibrary.LIB.createTokenizerFromString(json);
    // A file may carry the truncation and padding of some training run.
    TokenizersLibrary.LIB.disableTruncation(handle);
    TokenizersLibrary.LIB.disablePadding(handle);
    return new NativeTokenizer(handle);
  }

  int[] encode(String text, boolean addSpecialTokens) {
    return read(
        tokenizer -> TokenizersLibrary.LIB.encode(tokenizer, text, addSpecialTokens),
        encoding -> toInts(TokenizersLibrary.LIB.getTokenIds(encoding)));
  }

  EncodedText encodeText(String text) {
    return read(
        tokenizer -> TokenizersLibrary.LIB.encode(tokenizer, text, true),
        NativeTokenizer::encodedText);
  }

  EncodedText encodePair(String first, String second) {
    return read(
        tokenizer -> TokenizersLibrary.LIB.encodeDual(tokenizer, first, second, true),
        NativeTokenizer::encodedText);
  }

  private static EncodedText encodedText(long encoding) {
    long[] template = TokenizersLibrary.LIB.getSpecialTokenMask(encoding);
    boolean[] added = new boolean[template.length];
    for (int i = 0; i < added.length; i++) {
      added[i] = template[i] != 0;
    }
    return new EncodedText(
        toInts(TokenizersLibrary.LIB.getTokenIds(encoding)),
        toInts(TokenizersLibrary.LIB.getTypeIds(encoding)),
        added);
  }

  /**
   * Makes a native encoding, reads it and frees it.
   *
   * @param make from the tokenizer's handle to the encoding's
   */
  private <T> T read(LongUnaryOperator make, LongFunction<T> reader) {
    Lock reading = lock.readLock();
    reading.lock();
    try {
      long encoding = make.applyAsLong(openHandle());
      try {
        return reader.apply(encoding);
      } finally {
        TokenizersLibrary.LIB.deleteEncoding(encoding);
      }
    } finally {
      reading.unlock();
    }
  }

  String decode(int[] ids, boolean skipSpecialTokens) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      wide[i] = ids[i];
    }
    Lock reading = lock.readLock();
    reading.lock();
    try {
      return TokenizersLibrary.LIB.decode(openHandle(), wide, skipSpecialTokens);
    } finally {
      reading.unlock();
    }
  }

  @Override
  public void close() {
    Lock writing = lock.writeLock();
    writing.lock();
    try {
      if (handle != 0) {
        TokenizersLibrary.LIB.deleteTokenizer(handle);
        handle = 0;
      }
    } finally {
      writing.unlock();
    }
  }

  private long openHandle() {
    if (handle == 0) {
      throw new QuernException(
          ErrorCategory.UNAVAILABLE, "this tokenizer is closed: its model was unloaded");
    }
    return handle;
  }

  private static int[] toInts(long[] ids) {
    int[] narrow = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = Math.toIntExact(ids[i]);
    }
    return narrow;
  }
}
