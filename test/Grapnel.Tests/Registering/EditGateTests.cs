using System.Reflection;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Registering;

/// <summary>Edits that another node gets between, on a real store.</summary>
public sealed class EditGateTests
{
    [Fact]
    public async Task An_import_that_another_node_gets_between_tells_of_all_that_it_changed_and_undoes_nothing()
    {
        await using var engine = await EngineHarness.StartAsync(services: services => services.AddSingleton(provider => OtherNode.Of(provider.GetRequiredService<IStore>().Catalog)));
        var types = engine.Get<EventTypeRegistry>();
        string[] names = ["a.first", "b.second", OtherNode.Edited];
        foreach (var name in names)
            await types.CreateAsync(new EventTypeInput { Name = name, Description = "old" }, default);

        var changed = await types.ImportAsync([.. names.Select(name => new EventTypeInput { Name = name, Description = "new" })], replaceAll: false, dryRun: false, default);

        changed.Select(type => type.Name).ShouldBe(names);
        foreach (var name in names)
            (await types.GetAsync(name, default)).Description.ShouldBe("new");
        (await types.GetAsync(OtherNode.Edited, default)).GroupName.ShouldBe("theirs");
    }

    /// <summary>A catalog that another node edits right before this one writes an event type, once.</summary>
#pragma warning disable CA1852 // The proxy is derived from it at run time.
    private class OtherNode : DispatchProxy
#pragma warning restore CA1852
    {
        public const string Edited = "c.third";
        private ICatalogStore _inner = null!;
        private int _edits;

        public static ICatalogStore Of(ICatalogStore inner)
        {
            var proxy = Create<ICatalogStore, OtherNode>();
            ((OtherNode)(object)proxy)._inner = inner;
            return proxy;
        }

        protected override object? Invoke(MethodInfo? method, object?[]? args) =>
            method!.Name == nameof(ICatalogStore.UpdateEventTypeAsync) && args![0] is EventType { Name: Edited } type && _edits++ == 0
                ? EditFirstAsync(type, (DateTimeOffset)args[1]!)
                : method.Invoke(_inner, args);

        private async Task<bool> EditFirstAsync(EventType type, DateTimeOffset asOf)
        {
            var theirs = (await _inner.FindEventTypeAsync(Edited, default))! with { GroupName = "theirs", UpdatedAt = asOf.AddMilliseconds(1) };
            (await _inner.UpdateEventTypeAsync(theirs, asOf, default)).ShouldBeTrue();
            return await _inner.UpdateEventTypeAsync(type, asOf, default);
        }
    }
}
