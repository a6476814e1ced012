package dev.quern.store.elements;

import dev.quern.store.StoredType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;

/** Decodes groups of one {@link StoredType} into fp32. Stateless. */
@FunctionalInterface
interface GroupDecoder {
  /**
   * Decodes {@code groups} groups of {@code stored} from byte {@code from} on.
   *
   * @param into takes {@code groups * groupElements} numbers from index {@code at} on
   */
  void decode(byte[] stored, int from, int groups, float[] into, int at);

  /** The decoder of a type, if its elements are numbers that weights may be. */
  static Optional<GroupDecoder> of(StoredType type) {
    return Optional.ofNullable(
        switch (type) {
          case F64 -> FloatDecoders::f64;
          case F32 -> FloatDecoders::f32;
          case F16 -> FloatDecoders::f16;
          case BF16 -> FloatDecoders::bf16;
          case F8_E4M3 -> FloatDecoders::f8e4m3;
          case F8_E5M2 -> FloatDecoders::f8e5m2;
          case Q4_0 -> LegacyQuants::q4With8;
          case Q4_1 -> LegacyQuants::q4WithMinimum;
          case Q5_0 -> LegacyQuants::q5With16;
          case Q5_1 -> LegacyQuants::q5WithMinimum;
          case Q8_0 -> LegacyQuants::q8;
          case Q2_K -> SuperBlockQuants::q2;
          case Q3_K -> SuperBlockQuants::q3;
          case Q4_K -> SuperBlockQuants::q4;
          case Q5_K -> SuperBlockQuants::q5;
          case Q6_K -> SuperBlockQuants::q6;
          case BOOL,
              F4,
              F6_E2M3,
              F6_E3M2,
              U8,
              I8,
              F8_E8M0,
              F8_E4M3FNUZ,
              F8_E5M2FNUZ,
              U16,
              I16,
              U32,
              I32,
              C64,
              U64,
              I64 ->
              null;
        });
  }

  /** Little-endian reads from byte arrays. */
  final class LittleEndian {
    private static final VarHandle SHORTS =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    static short int16(byte[] bytes, int at) {
      return (short) SHORTS.get(bytes, at);
    }

    static int int32(byte[] bytes, int at) {
      return (int) INTS.get(bytes, at);
    }

    static long int64(byte[] bytes, int at) {
      return (long) LONGS.get(bytes, at);
    }

    static float half(byte[] bytes, int at) {
      return Float.float16ToFloat(int16(bytes, at));
    }
  }
}
