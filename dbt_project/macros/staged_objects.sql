{#-
    Every landed object with its staging model and, where there is one, the union that takes it up.
    The one list behind conservation checks and cast failures.
-#}
{% macro staged_objects() -%}
    {{ return([
        ('salesforce', 'account', 'accounts', 'int_accounts_unioned'),
        ('salesforce', 'contact', 'contacts', 'int_contacts_unioned'),
        ('salesforce', 'lead', 'leads', 'int_contacts_unioned'),
        ('salesforce', 'opportunity', 'opportunities', 'int_opportunities_unioned'),
        ('salesforce', 'opportunitylineitem', 'opportunity_line_items', 'int_opportunity_line_items_unioned'),
        ('salesforce', 'opportunityfieldhistory', 'opportunity_field_changes', none),
        ('salesforce', 'opportunityhistory', 'opportunity_stage_changes', 'int_opportunity_stage_changes_unioned'),
        ('salesforce', 'task', 'tasks', 'int_activities_unioned'),
        ('salesforce', 'event', 'events', 'int_activities_unioned'),
        ('salesforce', 'case', 'cases', 'int_tickets_unioned'),
        ('salesforce', 'user', 'users', 'int_users_unioned'),
        ('salesforce', 'userrole', 'user_roles', none),
        ('salesforce', 'product2', 'products', none),
        ('salesforce', 'campaign', 'campaigns', 'int_campaigns_unioned'),
        ('salesforce', 'campaignmember', 'campaign_members', 'int_campaign_members_unioned'),
        ('hubspot', 'contacts', 'contacts', 'int_contacts_unioned'),
        ('hubspot', 'companies', 'companies', 'int_accounts_unioned'),
        ('hubspot', 'deals', 'deals', 'int_opportunities_unioned'),
        ('hubspot', 'tickets', 'tickets', 'int_tickets_unioned'),
        ('hubspot', 'line_items', 'line_items', 'int_opportunity_line_items_unioned'),
        ('hubspot', 'calls', 'calls', 'int_activities_unioned'),
        ('hubspot', 'emails', 'emails', 'int_activities_unioned'),
        ('hubspot', 'meetings', 'meetings', 'int_activities_unioned'),
        ('hubspot', 'notes', 'notes', 'int_activities_unioned'),
        ('hubspot', 'tasks', 'tasks', 'int_activities_unioned'),
        ('hubspot', 'communications', 'communications', 'int_activities_unioned'),
        ('spreadsheet', 'contacts', 'contacts', 'int_contacts_unioned'),
        ('spreadsheet', 'companies', 'companies', 'int_accounts_unioned'),
        ('spreadsheet', 'deals', 'deals', 'int_opportunities_unioned'),
        ('spreadsheet', 'orders', 'orders', 'int_revenue_lines_unioned'),
        ('spreadsheet', 'invoices', 'invoices', 'int_revenue_lines_unioned'),
        ('spreadsheet', 'subscriptions', 'subscriptions', 'int_revenue_lines_unioned'),
        ('spreadsheet', 'tickets', 'tickets', 'int_tickets_unioned'),
        ('spreadsheet', 'surveys', 'surveys', 'int_surveys_unioned'),
    ]) }}
{%- endmacro %}
