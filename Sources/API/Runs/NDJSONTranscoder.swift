import HTTP
import Jobs

/// The stream as one JSON object a line, for clients that would rather not parse SSE:
/// `{"id": 1, "event": "progress", "data": {...}}`, at the end `{"id": 4, "event": "done", "data": {}}`; a heartbeat is an empty line.
package struct NDJSONTranscoder: ChunkTranscoder {
    package init() {}

    package var contentType: String { MediaType.ndjson }
    package var heartbeat: [UInt8] { [0x0A] }

    /// Takes SSE text line by line: `id:` is kept for the `data:` behind it; `retry:` and comments have no place in NDJSON.
    package func transcode(_ payload: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var id: Slice<UnsafeRawBufferPointer>?
        let lines = unsafe payload.split(separator: 0x0A)
        for index in unsafe lines.indices {
            let line = unsafe lines[index]
            if unsafe line.starts(with: Self.idField) {
                unsafe id = line.dropFirst(Self.idField.count)
            } else if unsafe line.starts(with: Self.dataField) {
                unsafe write(line.dropFirst(Self.dataField.count), id: id, into: &output)
                unsafe id = nil
            }
        }
    }

    private static let idField = Array("id: ".utf8)
    private static let dataField = Array("data: ".utf8)

    private func write(_ data: Slice<UnsafeRawBufferPointer>, id: Slice<UnsafeRawBufferPointer>?, into output: inout [UInt8]) {
        output.append(contentsOf: "{\"id\": ".utf8)
        if let id = unsafe id { unsafe output.append(contentsOf: id) } else { output.append(contentsOf: "null".utf8) }
        if unsafe data.elementsEqual(EventFrame.done) {
            output.append(contentsOf: ", \"event\": \"done\", \"data\": {}}\n".utf8)
        } else {
            // The envelope is the rest of the object: only its opening brace goes.
            output.append(contentsOf: ", ".utf8)
            unsafe output.append(contentsOf: data.dropFirst())
            output.append(0x0A)
        }
    }
}
