// swift-tools-version: 6.2
import PackageDescription

let optimized: [CSetting] = [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]

/// The load benchmark: what sends, what receives, and what both are measured against. The server itself is started as a program.
let package = Package(
    name: "runstream-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // The receiving end: one epoll loop in C, so that the generator is not the bottleneck.
        .target(name: "CLoad", path: "CLoad", cSettings: optimized),
        .executableTarget(
            name: "stream-load",
            dependencies: [
                "CLoad", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "StreamLoad", swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        // The run that is watched: writes events on a clock, each stamped with when it was due.
        .executableTarget(name: "emitter", path: "Emitter", cSettings: optimized),
        // What the kernel and evhttp cost by themselves.
        .executableTarget(
            name: "floor", path: "Floors", cSettings: optimized,
            linkerSettings: [.linkedLibrary("event_core"), .linkedLibrary("event_extra")]),
    ],
    cLanguageStandard: .gnu11
)
