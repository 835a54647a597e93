using Grapnel.Server.Commands;
using Grapnel.Server.Commands.Listening;

namespace Grapnel.Server.Tests.Commands;

public sealed class TerminalTests
{
    [Theory]
    [InlineData("\e[31mred", " [31mred")]
    [InlineData("a\r\nb", "a  b")]
    [InlineData("a\u202eb", "a b")]
    [InlineData("longer than that", "longer th…")]
    public void Text_from_outside_cannot_steer_the_terminal(string text, string shown) => Terminal.Clean(text, 10).ShouldBe(shown);

    [Fact]
    public void Without_colours_no_escape_is_written()
    {
        var lines = new WebhookLines(new Terminal(TextWriter.Null, colours: false, () => 80), TimeZoneInfo.Utc).Format(Webhook("/a", "order.created"));

        string.Concat(lines).ShouldNotContain('\e');
    }

    [Fact]
    public void No_line_is_wider_than_the_terminal()
    {
        var lines = new WebhookLines(new Terminal(TextWriter.Null, colours: false, () => 100), TimeZoneInfo.Utc)
            .Format(Webhook(new string('p', 300), new string('t', 300)));

        lines.ShouldAllBe(line => line.Length <= 100);
    }

    private static ReceivedWebhook Webhook(string path, string type) => new(
        DateTimeOffset.UnixEpoch, "POST", path, "msg_0BxTb3X1hHjcdRBoDOeXr3", type, new string('x', 5000), SignatureState.Verified, 1, 200);
}
