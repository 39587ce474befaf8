import Glibc

/// Holds up the calling thread, as a slow handler or a busy machine would; also the pause between two looks at something that no signal tells of.
func block(milliseconds: Int32) {
    _ = poll(nil, 0, milliseconds)
}
