using Grapnel.Registry;

namespace Grapnel.Tests.Registering;

public sealed class EndpointHeadersTests
{
    [Fact]
    public void Merging_sets_replaces_and_removes_without_regard_to_case()
    {
        var merged = EndpointHeaders.Merge(
            new Dictionary<string, string> { ["X-Keep"] = "1", ["X-Change"] = "2", ["X-Drop"] = "3" },
            [new("x-change", "4"), new("X-DROP", null), new("X-New", "5"), new("X-Unknown", null)]);
        merged.OrderBy(header => header.Key, StringComparer.Ordinal).Select(header => $"{header.Key}={header.Value}")
            .ShouldBe(["X-Keep=1", "X-New=5", "x-change=4"]);
    }

    [Fact]
    public void Credentials_are_named_but_not_shown()
    {
        var (open, sensitive) = EndpointHeaders.Divide(new Dictionary<string, string> { ["authorization"] = "s3cret", ["X-A"] = "b" });
        open.Keys.ShouldBe(["X-A"]);
        sensitive.ShouldBe(["authorization"]);
    }
}
